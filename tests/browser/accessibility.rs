//! axe-core on every page.

use repass_tests::workspace;

use crate::states;

const CHECK: &str = "
    const runOnly = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'];
    const told = ({ id, nodes }) => `${id}: ${nodes.map((it) => it.html + it.failureSummary)}`;
    axe.run({ runOnly, resultTypes: ['violations'] }).then(
        ({ violations, passes }) => done([passes.length, violations.map(told)]),
        (error) => done([0, [String(error)]]),
    );";

/// axe finds nothing of WCAG 2.2 A and AA, in light and dark colors.
#[tokio::test]
#[cfg_attr(
    any(browser_missing, axe_missing),
    ignore = "needs Chromium, its driver and axe-core, which tests/run installs"
)]
async fn axe_finds_no_violation_on_any_page() {
    let site = states::site().await;
    let browser = site.browser().await;
    let axe = std::fs::read_to_string(workspace().join("target/axe-core/axe.min.js")).unwrap();
    states::each(&browser, &site, async |state| {
        browser.run(&axe).await;
        for dark in [false, true] {
            browser.set_dark(dark).await;
            let found = browser.run_async(CHECK).await;
            assert!(found[0].as_u64() > Some(0), "axe has run");
            assert_eq!(found[1], serde_json::json!([]), "{state}, dark: {dark}");
        }
    })
    .await;
    browser.finish().await;
}
