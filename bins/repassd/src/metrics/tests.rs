//! Tests of the names: the manual's table is generated from a scrape of every metric, and the
//! dashboard and the alert rules use no other name. `UPDATE=1` writes the table.

use std::collections::{BTreeMap, BTreeSet};

use http::StatusCode;
use repass_core::JobCounts;

use super::*;

const FOLDER: &str = env!("CARGO_MANIFEST_DIR");
const BEGIN: &str = "<!-- The metrics: made by the tests of `metrics`. -->\n";
const END: &str = "<!-- The end of the metrics. -->\n";

/// A metric by the name of its samples.
#[derive(Debug, Default)]
struct Described {
    kind: String,
    labels: BTreeSet<String>,
    help: String,
}

/// Returns a scrape in which every metric has a sample.
fn scrape() -> String {
    let metrics = Arc::<Metrics>::default();
    metrics.request().answered(&Response::new(()));
    let mut engine = EngineStatus::default();
    engine.verifications.insert(("argon2", "match"), 3);
    engine.violations.insert("too-short", 1);
    let mut hasher = HasherStatus::default();
    let mut counts = JobCounts::default();
    (counts.completed, counts.late) = (5, 1);
    counts.run_time = Duration::from_millis(1500);
    hasher.jobs.insert(("large", "scrypt"), counts);
    let at = |second| Timestamp::from_second(second).unwrap();
    let values = Values {
        waiting_changes: 3,
        compromised: Some(CompromisedStatus::default()),
        engine,
        hasher,
        store: StoreStatus::default().with_connections(1, 16),
        backlog: Some(Backlog { pending: 2, oldest: Some(at(7)) }),
        deliveries: BTreeMap::from([("webhook", DeliveryCounts::default())]),
        certificates: vec![("listen", at(100))],
        lost_log_lines: 4,
        now: at(10),
    };
    let mut text = String::new();
    text::encode(&mut text, &values.registry(&metrics)).unwrap();
    text
}

fn described(scrape: &str) -> BTreeMap<String, Described> {
    let mut all = BTreeMap::<String, Described>::new();
    let (mut help, mut family) = ("", ("", ""));
    for line in scrape.lines() {
        if let Some(line) = line.strip_prefix("# HELP ") {
            help = line.split_once(' ').unwrap().1;
        } else if let Some(line) = line.strip_prefix("# TYPE ") {
            family = line.split_once(' ').unwrap();
        } else if !line.starts_with('#') {
            let (series, _) = line.rsplit_once(' ').unwrap();
            let (sample, labels) = series.split_once('{').unwrap_or((series, ""));
            let (name, kind) = family;
            let name = if kind == "histogram" { name } else { sample };
            let metric = all.entry(name.to_owned()).or_default();
            (metric.kind, metric.help) = (kind.to_owned(), help.to_owned());
            let labels = labels.trim_end_matches('}').split(',').filter(|label| !label.is_empty());
            let names = labels.map(|label| label.split_once('=').unwrap().0.to_owned());
            metric.labels.extend(names.filter(|name| name != "le"));
        }
    }
    all
}

#[test]
fn the_manual_has_every_metric() {
    let mut table =
        "\n| metric | type | labels | meaning |\n| --- | --- | --- | --- |\n".to_owned();
    for (name, Described { kind, labels, help }) in described(&scrape()) {
        let labels = labels.iter().map(|label| format!("`{label}`")).collect::<Vec<_>>().join(", ");
        table += &format!("| `{name}` | {kind} | {labels} | {help} |\n");
    }
    table.push('\n');
    let manual = format!("{FOLDER}/README.md");
    let text = std::fs::read_to_string(&manual).unwrap();
    let (before, rest) = text.split_once(BEGIN).unwrap();
    let (written, after) = rest.split_once(END).unwrap();
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(manual, format!("{before}{BEGIN}{table}{END}{after}")).unwrap();
    } else {
        assert_eq!(written, table, "run this test with UPDATE=1");
    }
}

/// Every series has the values that were read.
#[test]
fn values_are_those_of_the_sources() {
    let scrape = scrape();
    for line in [
        "# TYPE repass_requests counter",
        "repass_requests_total{api=\"\",outcome=\"invalid-head\",status=\"200\"} 1",
        "repass_request_duration_seconds_count{api=\"\"} 1",
        "repass_verifications_total{family=\"argon2\",result=\"match\"} 3",
        "repass_hasher_jobs_total{class=\"large\",family=\"scrypt\",result=\"completed\"} 5",
        "repass_hasher_jobs_total{class=\"large\",family=\"scrypt\",result=\"late\"} 1",
        "repass_hasher_run_seconds_total{class=\"large\",family=\"scrypt\"} 1.5",
        "repass_policy_violations_total{code=\"too-short\"} 1",
        "repass_store_connections_used 1",
        "repass_outbox_pending 2",
        "repass_outbox_oldest_age_seconds 3.0",
        "repass_certificate_expiry_timestamp_seconds{listener=\"listen\"} 100",
        "repass_log_lines_lost_total 4",
        "# UNIT repass_hasher_wait_seconds seconds",
    ] {
        assert!(scrape.lines().any(|own| own == line), "{line}\n{scrape}");
    }
    assert!(scrape.ends_with("# EOF\n"));
}

#[test]
fn a_request_without_an_answer_is_counted_when_it_is_dropped() {
    let metrics = Arc::<Metrics>::default();
    drop(metrics.request());
    let mut answer = Response::new(());
    *answer.status_mut() = StatusCode::BAD_REQUEST;
    metrics.request().answered(&answer);
    let count = |outcome: &str, status: &str| {
        let labels = [("api", ""), ("outcome", outcome), ("status", status)];
        let labels = labels.map(|(name, value)| (name, value.to_owned())).to_vec();
        metrics.requests.get(&labels).map(|own| own.get())
    };
    assert_eq!(count("disconnected", ""), Some(1));
    assert_eq!(count("invalid-head", "400"), Some(1));
}

#[test]
fn openmetrics_is_preferred() {
    let accepts = |value: Option<&'static str>| {
        let mut headers = HeaderMap::new();
        value.map(|value| headers.insert(header::ACCEPT, HeaderValue::from_static(value)));
        accepts_openmetrics(&headers)
    };
    assert!(accepts(None) && accepts(Some("*/*")));
    assert!(accepts(Some("application/openmetrics-text;version=1.0.0,text/plain;q=0.5")));
    assert!(!accepts(Some("text/plain;version=0.0.4,*/*;q=0.1")));
}

/// The dashboard and the alert rules use only the metrics of the manual, and each metric only with
/// its labels.
#[test]
fn the_dashboard_and_the_alert_rules_use_only_these_names() {
    let all = described(&scrape());
    let dashboard = std::fs::read_to_string(format!("{FOLDER}/monitoring/dashboard.json")).unwrap();
    let dashboard: serde_json::Value = serde_json::from_str(&dashboard).unwrap();
    let panels = dashboard["panels"].as_array().unwrap();
    let targets = panels.iter().flat_map(|panel| panel["targets"].as_array().unwrap());
    let mut queries: Vec<String> =
        targets.map(|target| target["expr"].as_str().unwrap().to_owned()).collect();
    let alerts = std::fs::read_to_string(format!("{FOLDER}/monitoring/alerts.yaml")).unwrap();
    let expressions = alerts.lines().filter_map(|line| line.trim().strip_prefix("expr: "));
    let expressions: Vec<String> = expressions.map(ToOwned::to_owned).collect();
    assert_eq!(alerts.matches("- alert: ").count(), expressions.len());
    queries.extend(expressions);
    assert!(queries.len() > 20);
    for query in queries {
        let mut labels = BTreeSet::from(["le", "instance"]);
        let is_part = |c: char| c.is_ascii_alphanumeric() || c == '_';
        assert!(query.contains("repass_"), "{query}");
        for word in query.split(|c| !is_part(c)).filter(|word| word.starts_with("repass_")) {
            let base = ["_bucket", "_sum", "_count"].iter().find_map(|end| word.strip_suffix(end));
            let metric = all
                .get(word)
                .or_else(|| all.get(base?).filter(|metric| metric.kind == "histogram"));
            let metric = metric.unwrap_or_else(|| panic!("{word} in {query}"));
            labels.extend(metric.labels.iter().map(String::as_str));
        }
        let grouped = query.split("by (").skip(1).map(|rest| rest.split(')').next().unwrap());
        let matched = query.split('{').skip(1).map(|rest| rest.split('}').next().unwrap());
        for label in grouped.chain(matched).flat_map(|list| list.split(',')) {
            let label = label.split(['=', '!']).next().unwrap().trim();
            assert!(labels.contains(label), "{label} in {query}");
        }
    }
}
