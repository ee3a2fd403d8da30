use super::{added, audit_records};
use crate::conformance::check::{check_empty, check_eq};
use crate::conformance::sample::{at, audit, realm, record_attempt, uuid};
use repass_core::{AdministrationStore, AuditFilter, AuditRecord, Context, PruneCutoffs};

pub(in crate::conformance) async fn is_listed_newest_first(store: &dyn AdministrationStore) {
    let (one, other) = (added(store).await, added(store).await);
    let mut records = Vec::new();
    for (account, second) in [(&one, 1), (&other, 2), (&one, 3), (&one, 4)] {
        let record = AuditRecord { at: at(second), ..audit(account, "password.change") };
        record_attempt(store, &record).await;
        records.push(record);
    }
    let without_account =
        AuditRecord { at: at(5), account: None, ..audit(&one, "password.change") };
    record_attempt(store, &without_account).await;

    let all = AuditFilter { limit: 100, ..AuditFilter::default() };
    let of_one = AuditFilter { account: Some(one.id), ..all.clone() };
    let listed = store.audit(&of_one).await.expect("audit");
    let expected = [&records[3], &records[2], &records[0]];
    check_eq!(
        listed.iter().take(3).collect::<Vec<_>>(),
        expected,
        "records are listed newest first"
    );
    check_eq!(listed.len(), 4, "all records of the account are listed");

    let of_realm = AuditFilter { realm: Some(one.realm.clone()), ..all.clone() };
    let listed = store.audit(&of_realm).await.expect("audit");
    check_eq!(
        (listed.len(), &listed[0]),
        (5, &without_account),
        "all records of the realm are listed, including those without an account"
    );
    let some = store.audit(&AuditFilter { limit: 2, ..of_realm }).await.expect("audit");
    check_eq!(some, listed[..2], "no more records are listed than asked for");

    let neither = AuditFilter { realm: Some(other.realm.clone()), ..of_one };
    check_empty!(
        store.audit(&neither).await.expect("audit"),
        "with both filters, records match both"
    );
    let listed = store.audit(&AuditFilter { limit: 1, ..all.clone() }).await.expect("audit");
    assert!(
        listed.len() == 1 && listed[0].at >= without_account.at,
        "without filters, the newest record of all is listed"
    );
    check_empty!(store.audit(&AuditFilter { limit: 0, ..all }).await.expect("audit"));
}

/// Pages return every record, and filters select records by their columns.
///
/// Proves A3.
pub(in crate::conformance) async fn a3_is_filtered_and_paged(store: &dyn AdministrationStore) {
    let account = added(store).await;
    let mut records = Vec::new();
    for second in 1..=6 {
        let record = AuditRecord {
            at: at(second),
            action: ["password.change", "password.reset"][second as usize % 2].to_owned(),
            outcome: ["ok", "wrong-password", "locked"][second as usize % 3].to_owned(),
            ..audit(&account, "")
        };
        record_attempt(store, &record).await;
        records.insert(0, record);
    }
    let all = AuditFilter {
        account: Some(account.id),
        since: Some(at(1)),
        limit: 100,
        ..AuditFilter::default()
    };
    let matching = |wanted: &dyn Fn(&AuditRecord) -> bool| -> Vec<AuditRecord> {
        records.iter().filter(|record| wanted(record)).cloned().collect()
    };
    for (filter, expected) in [
        (all.clone(), records.clone()),
        (
            AuditFilter { action: Some("password.reset".to_owned()), ..all.clone() },
            matching(&|record| record.action == "password.reset"),
        ),
        (
            AuditFilter { outcome: Some("locked".to_owned()), ..all.clone() },
            matching(&|record| record.outcome == "locked"),
        ),
        (AuditFilter { since: Some(at(3)), ..all.clone() }, matching(&|it| it.at >= at(3))),
        (AuditFilter { until: Some(at(3)), ..all.clone() }, matching(&|it| it.at < at(3))),
        (AuditFilter { outcome: Some("ko".to_owned()), ..all.clone() }, Vec::new()),
    ] {
        check_eq!(store.audit(&filter).await.expect("audit"), expected, "{filter:?}");
    }

    let mut paged = Vec::new();
    let mut filter = AuditFilter { limit: 4, ..all };
    loop {
        let page = store.audit(&filter).await.expect("audit");
        let Some(last) = page.last() else { break };
        filter.after = Some((last.at, last.id));
        paged.extend(page);
    }
    check_eq!(paged, records, "pages hold every record once, newest first");

    records.reverse();
    let mut paged = Vec::new();
    let mut filter = AuditFilter { oldest_first: true, after: None, ..filter };
    loop {
        let page = store.audit(&filter).await.expect("audit");
        let Some(last) = page.last() else { break };
        filter.after = Some((last.at, last.id));
        paged.extend(page);
    }
    check_eq!(paged, records, "pages hold every record once, oldest first");
}

/// Records older than the cutoff are deleted.
///
/// Proves P9.
pub(in crate::conformance) async fn p9_is_pruned(store: &dyn AdministrationStore) {
    let account = added(store).await;
    // Older than any record of another check.
    let long_ago = |second: i64| at(-1_000_000 + second);
    for second in 1..=4 {
        let record = AuditRecord { at: long_ago(second), ..audit(&account, "password.change") };
        record_attempt(store, &record).await;
    }
    let cutoffs = PruneCutoffs { audit: Some(long_ago(4)), ..PruneCutoffs::default() };
    let pruned = store.prune(&cutoffs, 2).await.expect("prune");
    check_eq!((pruned.audit, pruned.events, pruned.tokens), (2, 0, 0), "no more than asked for");
    check_eq!(store.prune(&cutoffs, 2).await.expect("prune").audit, 1);
    check_eq!(store.prune(&cutoffs, 2).await.expect("prune").audit, 0);
    let kept: Vec<_> =
        audit_records(store, &account).await.iter().map(|record| record.at).collect();
    check_eq!(kept, [at(0), long_ago(4)], "records of the cutoff and later are kept");
}

pub(in crate::conformance) async fn keeps_special_characters(store: &dyn AdministrationStore) {
    let account = added(store).await;
    let special = "o'brien \"the\\ ünïcødé\u{301} 🔑 $1 ?1 -- ;%_\r\n\t\u{0}\u{ffff}";
    let long = "ä".repeat(Context::MAX_TEXT / 2);
    let record = AuditRecord {
        id: uuid(),
        detail: Some("too-short,\"o'dd\" 🔑".to_owned()),
        caller: format!("token:{}", uuid()),
        context: Context {
            source: "conformance".to_owned(),
            request_id: Some(special.to_owned()),
            traceparent: Some("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01".to_owned()),
            peer: Some("[::1]:443".to_owned()),
            ip_address: Some(String::new()),
            user_agent: Some(long),
            session: None,
            channel: Some(special.to_owned()),
            display_name: Some(special.to_owned()),
            language: Some("de-DE".to_owned()),
        },
        ..audit(&account, "password.change")
    };
    record_attempt(store, &record).await;
    check_eq!(
        audit_records(store, &account).await[0],
        record,
        "every text is read as it was written"
    );

    let elsewhere = AuditRecord { id: uuid(), realm: realm(), account: None, ..record };
    record_attempt(store, &elsewhere).await;
    let filter =
        AuditFilter { realm: Some(elsewhere.realm.clone()), limit: 9, ..AuditFilter::default() };
    let listed = store.audit(&filter).await.expect("audit");
    check_eq!(listed, [elsewhere], "a record without an account is listed by its realm");
}
