//! What no route of the service has, and the door must stand all the same.

use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::middleware::from_fn_with_state;
use axum::routing::get;
use tower::ServiceExt;
use tower_http::catch_panic::CatchPanicLayer;

use super::*;
use crate::access::{Role, Secret, Token, open};
use crate::ledger::Location;

struct Ground {
    router: Router,
    token: String,
    _folder: tempfile::TempDir,
}

impl Ground {
    /// Routes that the table does not have, or has for others, and the token of an auditor.
    async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let at = Location::File(folder.path().join("log.db"));
        let store = open(&at).await.unwrap();
        let secret = Secret::generate().unwrap();
        let now = Instant::from_micros(0).unwrap();
        let token = Token {
            id: "t1".to_owned(),
            role: Role::Auditor,
            subject: None,
            actor: "t1".to_owned(),
            note: String::new(),
            rate: None,
            created: now,
            expires: None,
            revoked: None,
        };
        store.add(&token, &secret.hash()).await.unwrap();
        let rate = Rate {
            per_second: 1_000,
            burst: 1_000,
        };
        let limits = Limits {
            body_bytes_max: 10,
            request: Duration::from_millis(50),
            stall: Duration::from_secs(60),
        };
        let (refusals, _) = Refusals::start(Arc::clone(&store), 10);
        let clock: ClockFn = Arc::new(move || now);
        let outside = Outside::new(store, rate, limits, Vec::new(), refusals, clock);
        let router = Router::new()
            .route("/v1/secrets", get(|| async { "secret" }).post(|| async {}))
            .route(
                "/healthz",
                get(|| async { "ok" }).delete(|| async { "gone" }),
            )
            .route("/v1/plaza", get(panics))
            .route("/v1/obligations", get(std::future::pending::<()>))
            .layer(CatchPanicLayer::custom(panicked))
            .layer(from_fn_with_state(Arc::new(outside), around));
        Self {
            router,
            token: secret.as_str().to_owned(),
            _folder: folder,
        }
    }

    async fn status(&self, method: &str, path: &str, shows_token: bool) -> u16 {
        let mut request = axum::http::Request::builder().method(method).uri(path);
        if shows_token {
            request = request.header("authorization", format!("Bearer {}", self.token));
        }
        let peer = ConnectInfo(SocketAddr::from(([127, 0, 0, 1], 1)));
        let request = request.extension(peer).body(Body::empty()).unwrap();
        let answered = self.router.clone().oneshot(request).await;
        answered.unwrap().status().as_u16()
    }
}

async fn panics() -> String {
    panic!("as a test")
}

#[tokio::test]
async fn a_route_that_nothing_is_said_of_is_nobodys() {
    let ground = Ground::new().await;
    for method in ["GET", "HEAD", "POST"] {
        assert_eq!(ground.status(method, "/v1/secrets", true).await, 403);
        assert_eq!(ground.status(method, "/v1/secrets", false).await, 401);
    }
    // Nor is a method that nothing is said of, of a route that is open.
    assert_eq!(ground.status("GET", "/healthz", false).await, 200);
    assert_eq!(ground.status("DELETE", "/healthz", true).await, 405);
}

#[tokio::test]
async fn a_handler_that_panics_or_does_not_end_is_answered_for() {
    let ground = Ground::new().await;
    assert_eq!(ground.status("GET", "/v1/plaza", true).await, 500);
    assert_eq!(ground.status("GET", "/v1/obligations", true).await, 503);
    assert_eq!(ground.status("GET", "/healthz", false).await, 200);
}
