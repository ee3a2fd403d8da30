//! Imports of accounts of another system.

use std::sync::Arc;

use jiff::Timestamp;
use repass_core::{
    Account, AccountFilter, AccountWithCredential, Administration, AdministrationStore,
    Argon2idHasher, AuditFilter, CredentialStore, Engine, HashProfile, HashedPassword,
    HasherOptions, ImportOutcome, ImportedPassword, InstallationKey, NewAccount, NewImport,
    Profile, Realm, Subject, SystemRandomness,
};
use repass_testkit::{ManualClock, MemoryStore};
use serde_json::{Value, json};

/// Of the reference implementation's own test program.
const HASH: &str =
    "$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4";

struct AdminContext {
    store: Arc<MemoryStore>,
    clock: Arc<ManualClock>,
    administration: Administration,
}

impl AdminContext {
    fn new() -> Self {
        let store = Arc::new(MemoryStore::new());
        let clock = Arc::new(ManualClock::new(at(1_000)));
        let hasher = Arc::new(
            Argon2idHasher::start(
                &HasherOptions {
                    profile: HashProfile::INSECURE_FOR_TESTS,
                    ..HasherOptions::default()
                },
                Arc::new(SystemRandomness),
            )
            .unwrap(),
        );
        let key = InstallationKey::from_bytes([7; 32]);
        let engine = Engine::builder(store.clone(), hasher, key).clock(clock.clone()).build();
        let administration = engine.administration().clone();
        Self { store, clock, administration }
    }

    async fn import(&self, accounts: Vec<NewImport>) -> Vec<ImportOutcome> {
        self.administration.import_accounts(accounts, false).await.unwrap()
    }

    async fn found(&self, realm: &str, user_id: &str) -> Option<AccountWithCredential> {
        self.store.find(&Subject::new(realm.parse().unwrap(), user_id)).await.unwrap()
    }

    /// Realm and detail of each record of an import, oldest first.
    async fn import_records(&self) -> Vec<(String, String)> {
        let filter = AuditFilter { limit: 100, ..AuditFilter::default() };
        let mut records = self.store.audit(&filter).await.unwrap();
        records.reverse();
        assert!(records.iter().all(|record| record.action == "account.import"));
        assert!(records.iter().all(|record| record.account.is_none()));
        records.into_iter().map(|one| (one.realm.to_string(), one.detail.unwrap())).collect()
    }
}

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap()
}

fn new(realm: &str, user_id: &str) -> NewImport {
    NewImport {
        account: NewAccount {
            realm: realm.parse().unwrap(),
            user_id: user_id.parse().unwrap(),
            email: None,
            username: None,
            profile: Profile::default(),
        },
        active: None,
        created_at: None,
        updated_at: None,
        password: Some(password(HASH)),
    }
}

fn password(hash: &str) -> ImportedPassword {
    ImportedPassword { hash: HashedPassword::from_stored(hash), changed_at: None }
}

fn present(differing: &[&'static str]) -> ImportOutcome {
    ImportOutcome::Present { differing: differing.to_vec() }
}

#[tokio::test]
async fn outcomes_of_several_realms_are_in_the_order_of_the_accounts() {
    let operator = AdminContext::new();
    let accounts = || vec![new("b", "pat"), new("a", "pat"), new("b", "kim"), new("b", "pat")];
    let outcomes = operator.import(accounts()).await;
    let added = ImportOutcome::Added;
    assert_eq!(outcomes, [added.clone(), added.clone(), added, present(&[])]);
    let pat = operator.found("b", "pat").await.unwrap();
    assert_eq!(pat.credential.as_ref().unwrap().hash.as_str(), HASH);
    assert_eq!((pat.account.created_at, pat.account.updated_at), (at(1_000), at(1_000)));
    assert!(pat.account.active);
    let counted = |realm: &str, detail: &str| (realm.to_owned(), detail.to_owned());
    let records = [counted("a", "added=1,present=0"), counted("b", "added=2,present=1")];
    assert_eq!(operator.import_records().await, records);

    operator.clock.advance(std::time::Duration::from_secs(60));
    assert_eq!(operator.import(accounts()).await, vec![present(&[]); 4]);
    assert_eq!(operator.found("b", "pat").await.unwrap(), pat);
    assert_eq!(operator.import_records().await, records, "a second run changes nothing");
    assert!(operator.import(Vec::new()).await.is_empty());
}

#[tokio::test]
async fn differences_of_a_present_account_are_reported_and_not_written() {
    let operator = AdminContext::new();
    let mut first = new("a", "pat");
    first.account.email = "Pat@example.org".parse().ok();
    first.account.username = Some("patty".to_owned());
    operator.import(vec![first]).await;
    let stored = operator.found("a", "pat").await.unwrap();

    let silent = new("a", "pat");
    let mut same = new("a", "pat");
    same.account.email = "pat@EXAMPLE.org".parse().ok();
    same.active = Some(true);
    let mut other = new("a", "pat");
    other.account.email = "kim@example.org".parse().ok();
    other.account.username = Some("Patty".to_owned());
    other.active = Some(false);
    other.password = None;
    let outcomes = operator.import(vec![silent, same, other]).await;
    let all = present(&["email", "username", "active"]);
    assert_eq!(outcomes, [present(&[]), present(&[]), all]);
    assert_eq!(operator.found("a", "pat").await.unwrap(), stored);
}

fn nested(levels: usize) -> Value {
    (0..levels).fold(json!("bottom"), |inner, _| json!([inner]))
}

#[tokio::test]
async fn an_invalid_account_is_refused_and_the_others_are_imported() {
    let with = |change: &dyn Fn(&mut NewImport)| {
        let mut import = new("a", "bad");
        change(&mut import);
        import
    };
    let attributes = |levels: usize| {
        with(&move |import| {
            import.account.profile.attributes.insert("deep".to_owned(), nested(levels));
        })
    };
    let hash = |text: &str| {
        let text = text.to_owned();
        with(&move |import| import.password = Some(password(&text)))
    };
    let cases: Vec<(NewImport, &str)> = vec![
        (with(&|import| import.account.username = Some(String::new())), "1 to 320 characters"),
        (with(&|import| import.account.username = Some("a\u{0}b".to_owned())), "control"),
        (attributes(64), "nest deeper than 64"),
        (
            with(&|import| {
                let object = json!({ "deep": nested(63) });
                import.account.profile.attributes.insert("object".to_owned(), object);
            }),
            "nest deeper than 64",
        ),
        (
            with(&|import| {
                import.created_at = Some(at(2));
                import.updated_at = Some(at(1));
            }),
            "updated_at is before created_at",
        ),
        (hash("hunter2"), "no known family"),
        (hash(&HASH.replace("m=256", "m=4000000000")), "out of bounds"),
        (hash(&HASH[..50]), "cut off"),
    ];
    let (bad, reasons): (Vec<NewImport>, Vec<&str>) = cases.into_iter().unzip();
    let count = bad.len();
    let operator = AdminContext::new();
    let accounts = std::iter::once(new("a", "first")).chain(bad).chain([new("a", "last")]);
    let outcomes = operator.import(accounts.collect()).await;
    assert_eq!(
        (&outcomes[0], &outcomes[count + 1]),
        (&ImportOutcome::Added, &ImportOutcome::Added)
    );
    for (outcome, part) in outcomes[1..=count].iter().zip(reasons) {
        let ImportOutcome::Refused(reason) = outcome else { panic!("{part}: {outcome:?}") };
        assert!(reason.contains(part), "{part}: {reason}");
        assert!(!reason.contains("hunter2") && !reason.contains("c29tZXNhbHQ"), "{reason}");
    }
    assert_eq!(operator.found("a", "bad").await, None);
    assert_eq!(operator.import(vec![attributes(63)]).await, [ImportOutcome::Added]);
}

#[tokio::test]
async fn missing_times_are_derived_from_the_given_ones() {
    let operator = AdminContext::new();
    let mut import = Vec::new();
    for (user_id, created_at, updated_at, changed_at) in [
        ("none", None, None, None),
        ("created", Some(1), None, None),
        ("updated", None, Some(2), None),
        ("all", Some(1), Some(3), Some(2)),
        ("later", Some(1), Some(2), Some(3)),
        ("once", Some(2), Some(2), Some(2)),
    ] {
        let mut one = new("a", user_id);
        one.created_at = created_at.map(at);
        one.updated_at = updated_at.map(at);
        one.password = Some(ImportedPassword {
            hash: HashedPassword::from_stored(HASH),
            changed_at: changed_at.map(at),
        });
        import.push(one);
    }
    operator.import(import).await;
    for (user_id, expected) in [
        ("none", [1_000, 1_000, 1_000]),
        ("created", [1, 1, 1]),
        ("updated", [2, 2, 2]),
        ("all", [1, 3, 2]),
        ("later", [1, 3, 3]),
        ("once", [2, 2, 2]),
    ] {
        let AccountWithCredential { account, credential, .. } =
            operator.found("a", user_id).await.unwrap();
        let Account { created_at, updated_at, .. } = account;
        let moments = [created_at, updated_at, credential.unwrap().changed_at];
        assert_eq!(moments, expected.map(at), "{user_id}");
    }
}

#[tokio::test]
async fn a_dry_run_returns_the_outcomes_and_writes_nothing() {
    let operator = AdminContext::new();
    operator.import(vec![new("a", "pat")]).await;
    let mut bad = new("a", "bad");
    bad.account.username = Some(String::new());
    let accounts = vec![new("a", "kim"), bad, new("a", "pat"), new("a", "kim")];
    let outcomes = operator.administration.import_accounts(accounts, true).await.unwrap();
    assert_eq!(outcomes[0], ImportOutcome::Added);
    assert!(matches!(outcomes[1], ImportOutcome::Refused(_)));
    assert_eq!(outcomes[2..], [present(&[]), present(&[])]);
    assert_eq!(operator.found("a", "kim").await, None);
    assert_eq!(operator.import_records().await.len(), 1);
}

#[tokio::test]
async fn exports_are_paged_and_contain_hashes_only_on_request() {
    let operator = AdminContext::new();
    let mut accounts: Vec<NewImport> = ["a", "b", "c"].map(|name| new("shop", name)).into();
    accounts[1].password = None;
    accounts.push(new("other", "a"));
    operator.import(accounts).await;
    let realm: Realm = "shop".parse().unwrap();
    for with_hashes in [false, true] {
        let mut filter =
            AccountFilter { realm: Some(realm.clone()), limit: 2, ..AccountFilter::default() };
        let mut exported = Vec::new();
        loop {
            let page = operator.administration.export_accounts(&filter, with_hashes).await.unwrap();
            let Some(last) = page.last() else { break };
            filter.after = Some((realm.clone(), last.account.user_id.clone()));
            exported.extend(page);
        }
        let exported_hashes: Vec<(&str, bool)> = exported
            .iter()
            .map(|one| (one.account.user_id.as_str(), one.credential.is_some()))
            .collect();
        assert_eq!(exported_hashes, [("a", with_hashes), ("b", false), ("c", with_hashes)]);
    }
}
