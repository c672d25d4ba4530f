//! What every store of tokens must do, written against the trait alone.

use std::sync::Arc;

use standing::access::{AccessError, RefusedAccess, Role, Secret, Store, Token, TokenLimits, open};
use standing::ledger::Location;
use standing_projections::Instant;

use super::common::server::Database;

/// A place for a store that is gone with the test.
struct Ground {
    at: Location,
    _folder: tempfile::TempDir,
    _database: Option<Database>,
}

impl Ground {
    fn sqlite() -> Option<Self> {
        let folder = tempfile::tempdir().unwrap();
        Some(Self {
            at: Location::File(folder.path().join("log.db")),
            _folder: folder,
            _database: None,
        })
    }

    fn postgres() -> Option<Self> {
        let database = Database::new()?;
        Some(Self {
            at: Location::Server(database.url()),
            _folder: tempfile::tempdir().unwrap(),
            _database: Some(database),
        })
    }

    async fn open(&self) -> Arc<dyn Store> {
        open(&self.at).await.unwrap()
    }
}

fn at(micros: i64) -> Instant {
    Instant::from_micros(micros).unwrap()
}

fn token(id: &str, role: Role, created: i64) -> Token {
    Token {
        id: id.to_owned(),
        role,
        subject: (role == Role::Developer).then(|| "d'1\"".to_owned()),
        actor: "第一".to_owned(),
        note: "a\nb".to_owned(),
        limits: TokenLimits {
            rate: (created % 2 == 0).then_some(u32::MAX),
            body_max: (created % 3 == 0).then_some(i64::MAX as u64),
            time_max: (created % 5 == 0).then_some(u32::MAX),
        },
        created: at(created),
        expires: (created % 2 == 1).then(|| at(created + 1)),
        revoked: None,
    }
}

async fn what_was_added_is_found_by_its_hash_and_listed(ground: Ground) {
    let (store, other) = (ground.open().await, ground.open().await);
    assert!(store.tokens().await.unwrap().is_empty());
    let mut added = Vec::new();
    for (n, role) in Role::ALL.into_iter().enumerate() {
        let (token, secret) = (
            token(&format!("t{n}"), role, 100 - n as i64),
            Secret::generate().unwrap(),
        );
        store.add(&token, &secret.hash()).await.unwrap();
        let found = other.find(&secret.hash()).await.unwrap();
        assert_eq!(found.as_ref(), Some(&token));
        added.push(token);
    }
    let unknown = Secret::generate().unwrap();
    assert_eq!(store.find(&unknown.hash()).await.unwrap(), None);
    added.reverse();
    assert_eq!(other.tokens().await.unwrap(), added);
    store.close().await;
    other.close().await;
    assert_eq!(ground.open().await.tokens().await.unwrap(), added);
}

async fn a_taken_id_and_a_taken_hash_are_refused(ground: Ground) {
    let store = ground.open().await;
    let (one, two) = (Secret::generate().unwrap(), Secret::generate().unwrap());
    let first = token("t1", Role::Auditor, 0);
    store.add(&first, &one.hash()).await.unwrap();
    store.add(&first, &two.hash()).await.unwrap_err();
    let second = token("t2", Role::Auditor, 0);
    store.add(&second, &one.hash()).await.unwrap_err();
    assert_eq!(store.tokens().await.unwrap(), [first]);
    // Only a developer is one developer's.
    let mut wrong = token("t3", Role::Auditor, 0);
    wrong.subject = Some("d1".to_owned());
    store.add(&wrong, &two.hash()).await.unwrap_err();
}

async fn what_is_revoked_stays_so_since_then(ground: Ground) {
    let (store, other) = (ground.open().await, ground.open().await);
    let secret = Secret::generate().unwrap();
    let token = token("t1", Role::Recorder, 0);
    store.add(&token, &secret.hash()).await.unwrap();
    let revoked = Token {
        revoked: Some(at(7)),
        ..token
    };
    let answer = store.revoke("t1", at(7)).await.unwrap();
    assert_eq!(answer.as_ref(), Some(&revoked));
    let found = other.find(&secret.hash()).await.unwrap();
    assert_eq!(found.as_ref(), Some(&revoked));
    let again = other.revoke("t1", at(8)).await.unwrap();
    assert_eq!(again.as_ref(), Some(&revoked));
    assert_eq!(store.revoke("t2", at(8)).await.unwrap(), None);
}

fn refused(n: i64) -> RefusedAccess {
    RefusedAccess {
        at: at(n),
        status: 401,
        code: "token.missing".to_owned(),
        method: "GET".to_owned(),
        path: format!("/{n}"),
        peer: "127.0.0.1:1".to_owned(),
        token: (n % 2 == 0).then(|| "t1".to_owned()),
        request: n.to_string(),
    }
}

async fn the_newest_refused_accesses_are_kept_and_read_in_pages(ground: Ground) {
    let store = ground.open().await;
    assert!(store.refusals(None, 10).await.unwrap().is_empty());
    for batch in 0..10 {
        let batch: Vec<_> = (batch * 3..batch * 3 + 3).map(refused).collect();
        store.keep_refusals(&batch, 7).await.unwrap();
    }
    store.keep_refusals(&[], 7).await.unwrap();
    let (mut all, mut before) = (Vec::new(), None);
    loop {
        let page = store.refusals(before, 3).await.unwrap();
        let Some((number, _)) = page.last() else {
            break;
        };
        before = Some(*number);
        all.extend(page.into_iter().map(|(_, one)| one));
    }
    assert_eq!(all, (23..30).rev().map(refused).collect::<Vec<_>>());
    store.keep_refusals(&[], 0).await.unwrap();
    assert!(store.refusals(None, 10).await.unwrap().is_empty());
}

async fn who_open_it_at_once_make_it_once(ground: Ground) {
    let opening = (0..8).map(|_| {
        let at = ground.at.clone();
        tokio::spawn(async move { open(&at).await.map(drop) })
    });
    for opened in opening.collect::<Vec<_>>() {
        opened.await.unwrap().unwrap();
    }
}

macro_rules! suite {
    ($ground:expr; $($behaviour:ident)+) => {$(
        #[tokio::test(flavor = "multi_thread")]
        async fn $behaviour() {
            let Some(ground) = $ground else { return };
            super::$behaviour(ground).await;
        }
    )+};
    ($ground:expr) => {
        suite! { $ground;
            what_was_added_is_found_by_its_hash_and_listed
            a_taken_id_and_a_taken_hash_are_refused
            what_is_revoked_stays_so_since_then
            the_newest_refused_accesses_are_kept_and_read_in_pages
            who_open_it_at_once_make_it_once
        }
    };
}

mod sqlite {
    suite!(super::Ground::sqlite());
}

mod postgres {
    suite!(super::Ground::postgres());
}

#[tokio::test]
async fn a_file_that_is_something_else_is_left_as_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let ledger = Location::File(folder.path().join("log.db"));
    let beside = folder.path().join("log.access.db");
    std::fs::write(&beside, "none of ours").unwrap();
    assert!(matches!(
        open(&ledger).await.err(),
        Some(AccessError::NotTokens { .. } | AccessError::Store { .. })
    ));
    assert_eq!(std::fs::read(&beside).unwrap(), b"none of ours");
    let made = Location::File(beside.clone());
    std::fs::remove_file(&beside).unwrap();
    made.open(standing::ledger::OpenMode::Create, Default::default())
        .await
        .unwrap()
        .close()
        .await;
    let found = open(&ledger).await.err();
    assert!(
        matches!(found, Some(AccessError::NotTokens { .. })),
        "{found:?}"
    );
}
