//! What no route of the service has, and the door must stand all the same.

use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::middleware::from_fn_with_state;
use axum::routing::{get, post};
use tower::ServiceExt;
use tower_http::catch_panic::CatchPanicLayer;

use super::*;
use crate::access::{Role, Secret, Token, TokenLimits, open};
use crate::ledger::Location;

struct Ground {
    router: Router,
    auditor: String,
    recorder: String,
    _folder: tempfile::TempDir,
}

impl Ground {
    /// Routes that the table does not have, or has for others, and the tokens of an auditor and
    /// a recorder.
    async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let at = Location::File(folder.path().join("log.db"));
        let store = open(&at).await.unwrap();
        let now = Instant::from_micros(0).unwrap();
        let mut secrets = Vec::new();
        for (id, role) in [("t1", Role::Auditor), ("t2", Role::Recorder)] {
            let secret = Secret::generate().unwrap();
            let token = Token {
                id: id.to_owned(),
                role,
                subject: None,
                actor: id.to_owned(),
                note: String::new(),
                limits: TokenLimits::default(),
                created: now,
                expires: None,
                revoked: None,
            };
            store.add(&token, &secret.hash()).await.unwrap();
            secrets.push(secret.as_str().to_owned());
        }
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
            .route("/v1/events", post(std::future::pending::<()>))
            .layer(CatchPanicLayer::custom(panicked))
            .layer(from_fn_with_state(Arc::new(outside), around));
        Self {
            router,
            recorder: secrets.pop().unwrap(),
            auditor: secrets.pop().unwrap(),
            _folder: folder,
        }
    }

    async fn status(&self, method: &str, path: &str, shows_token: bool) -> u16 {
        let token = shows_token.then_some(&self.auditor);
        self.answer(method, path, token).await.status().as_u16()
    }

    async fn answer(&self, method: &str, path: &str, token: Option<&String>) -> Response {
        let mut request = axum::http::Request::builder().method(method).uri(path);
        if let Some(token) = token {
            request = request.header("authorization", format!("Bearer {token}"));
        }
        let peer = ConnectInfo(SocketAddr::from(([127, 0, 0, 1], 1)));
        let request = request.extension(peer).body(Body::empty()).unwrap();
        self.router.clone().oneshot(request).await.unwrap()
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

#[tokio::test]
async fn what_was_to_be_appended_and_ran_out_of_time_may_have_been() {
    let ground = Ground::new().await;
    let code = async |method, path, token| {
        let answer = ground.answer(method, path, Some(token)).await;
        let code = answer.extensions().get::<ProblemCode>().unwrap();
        (answer.status().as_u16(), code.0.to_string())
    };
    let appended = code("POST", "/v1/events", &ground.recorder).await;
    assert_eq!(appended, (503, "append.unknown".to_owned()));
    let read = code("GET", "/v1/obligations", &ground.auditor).await;
    assert_eq!(read, (503, "overloaded".to_owned()));
}
