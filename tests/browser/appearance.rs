//! The layout of every page. The images in `target/screenshots` are for people.

use repass_messages::Language;

use crate::browser::{Browser, Settings};
use crate::states;

/// Returns how far the layout has moved since the page was opened, other than by entries, up to the
/// third frame after the first one that was painted.
const SHIFT: &str = "
    let moved = 0;
    new PerformanceObserver((list) => {
        for (const it of list.getEntries()) if (!it.hadRecentInput) moved += it.value;
    }).observe({ type: 'layout-shift', buffered: true });
    const after = (frames, then) => frames
        ? requestAnimationFrame(() => after(frames - 1, then)) : setTimeout(then);
    new PerformanceObserver(() => after(3, () => done(moved)))
        .observe({ type: 'paint', buffered: true });";

async fn assert_no_scroll(browser: &Browser, case: &str) {
    let script = "const { scrollWidth, clientWidth } = document.documentElement;
        const cut = [...document.querySelectorAll('main *, footer *')]
            .filter((it) => !it.matches('input') && it.scrollWidth > it.clientWidth + 1 && it.clientWidth > 1)
            .map((it) => it.outerHTML);
        return scrollWidth > clientWidth ? [scrollWidth, ...cut] : cut";
    assert_eq!(browser.run(script).await, serde_json::json!([]), "{case}");
}

async fn assert_appearance(languages: &'static str) {
    let site = states::site().await;
    let browser = Browser::start(&site.origin, Settings { languages, ..Settings::default() }).await;
    states::each(&browser, &site, async |state| {
        assert_eq!(browser.run_async(SHIFT).await, 0, "{state}");
        let name = format!("{languages}-{state}");
        browser.screenshot(1024, &format!("{name}-light")).await;
        browser.set_dark(true).await;
        browser.screenshot(1024, &format!("{name}-dark")).await;
        browser.set_dark(false).await;
        browser.set_size(512, 384, 2).await;
        assert_no_scroll(&browser, &format!("{name} at 200 %")).await;
        browser.screenshot(320, &format!("{name}-320")).await;
        assert_no_scroll(&browser, &format!("{name} at 320 px")).await;
        browser.reset_size().await;
    })
    .await;
    browser.finish().await;
}

#[tokio::test]
#[cfg_attr(browser_missing, ignore = "needs Chromium and its driver")]
async fn english_pages_fit_into_320_px_and_stand_still() {
    assert_appearance("en").await;
}

#[tokio::test]
#[cfg_attr(browser_missing, ignore = "needs Chromium and its driver")]
async fn german_pages_fit_into_320_px_and_stand_still() {
    assert_appearance("de").await;
}

#[tokio::test]
#[cfg_attr(browser_missing, ignore = "needs Chromium and its driver")]
async fn every_language_fits_into_320_px() {
    let site = states::site().await;
    let browser = site.browser().await;
    browser.set_size(320, 800, 1).await;
    for language in Language::ALL {
        for path in ["password", "forgot", "forgot/sent", "reset", "reset/done", "elsewhere"] {
            let url = format!("/account/{path}?lang={}", language.subtag());
            browser.open(&url).await;
            assert_no_scroll(&browser, &url).await;
        }
    }
    browser.finish().await;
}
