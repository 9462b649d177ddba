//! The resource server's side: tokens, proofs, certificates, challenges.

use axum::Router;
use axum::body::Body;
use axum::http::{Request, StatusCode};
use axum::middleware::from_fn_with_state;
use axum::routing::get;
use http_body_util::BodyExt;
use idp_relying_party::resource::{
    Binding, Caller, ClientCertificate, Required, ResourceServer, guard,
};
use idp_relying_party::test_kit::{AUDIENCE, LyingProvider};
use idp_relying_party::{Challenge, Demand};
use serde_json::{Value, json};
use tower::ServiceExt;

use crate::proofs::Prover;

async fn provider() -> LyingProvider {
    rustls::crypto::aws_lc_rs::default_provider()
        .install_default()
        .ok();
    LyingProvider::start().await.unwrap()
}

fn server(provider: &LyingProvider) -> ResourceServer {
    ResourceServer::new(provider.settings(AUDIENCE).unwrap(), AUDIENCE).unwrap()
}

async fn reports(caller: Caller) -> String {
    format!("{} {}", caller.sub, caller.scopes.join(" "))
}

struct Answer {
    status: StatusCode,
    challenges: Vec<String>,
    headers: axum::http::HeaderMap,
    body: String,
}

async fn ask(required: &Required, request: Request<Body>) -> Answer {
    let routes: Router = Router::new()
        .route("/reports", get(reports).post(reports))
        .route_layer(from_fn_with_state(required.clone(), guard))
        .route("/unguarded", get(reports));
    let response = routes.oneshot(request).await.unwrap();
    let (status, headers) = (response.status(), response.headers().clone());
    let challenges = headers.get_all("www-authenticate").into_iter();
    let challenges = challenges.map(|v| v.to_str().unwrap().to_owned()).collect();
    let body = response.into_body().collect().await.unwrap().to_bytes();
    let body = String::from_utf8(body.to_vec()).unwrap();
    Answer {
        status,
        challenges,
        headers,
        body,
    }
}

fn with(fields: &[(&str, &str)]) -> Request<Body> {
    let mut request = Request::get("/reports?year=2026");
    for (name, value) in fields {
        request = request.header(*name, *value);
    }
    request.body(Body::empty()).unwrap()
}

#[tokio::test]
async fn a_good_token_opens_and_everything_else_is_challenged() {
    let provider = provider().await;
    let required = server(&provider).requiring(["reports.read"]);
    let token = provider.access_token(AUDIENCE, "reports.read other", None);
    let bearer = format!("Bearer {token}");
    let answer = ask(&required, with(&[("authorization", &bearer)])).await;
    assert_eq!(
        (answer.status, answer.body.as_str()),
        (StatusCode::OK, "s-1093 reports.read other")
    );

    let nothing = ask(&required, with(&[])).await;
    assert_eq!(nothing.status, StatusCode::UNAUTHORIZED);
    assert_eq!(
        nothing.challenges[1], "Bearer",
        "no error where nothing was tried"
    );
    for (fields, status, error) in [
        (vec![("authorization", "Basic eDp5")], 401, "Bearer"),
        (vec![("authorization", "Bearer")], 400, "invalid_request"),
        (
            vec![
                ("authorization", bearer.as_str()),
                ("authorization", &bearer),
            ],
            400,
            "invalid_request",
        ),
        (
            vec![("authorization", "Bearer opaque")],
            401,
            "invalid_token",
        ),
    ] {
        let answer = ask(&required, with(&fields)).await;
        assert_eq!(answer.status.as_u16(), status, "{fields:?}");
        assert!(
            answer.challenges[1].contains(error),
            "{:?}",
            answer.challenges
        );
    }
    let admin = server(&provider).requiring(["admin"]);
    let answer = ask(&admin, with(&[("authorization", &bearer)])).await;
    assert_eq!(answer.status, StatusCode::FORBIDDEN);
    assert_eq!(
        answer.challenges[1],
        r#"Bearer error="insufficient_scope", scope="admin""#
    );
    let unguarded = Request::get("/unguarded").body(Body::empty()).unwrap();
    assert_eq!(
        ask(&required, unguarded).await.status,
        StatusCode::INTERNAL_SERVER_ERROR
    );
}

#[tokio::test]
async fn a_sign_in_that_is_too_weak_is_challenged_so_that_the_client_can_step_up() {
    let provider = provider().await;
    let required = server(&provider)
        .requiring(["reports.read"])
        .acr(["urn:vn:nd69-2024:loa:3"])
        .max_age(std::time::Duration::from_secs(300));
    let token = provider.access_token(AUDIENCE, "reports.read", None);
    let answer = ask(
        &required,
        with(&[("authorization", &format!("Bearer {token}"))]),
    )
    .await;
    assert_eq!(answer.status, StatusCode::UNAUTHORIZED);
    let demand =
        Demand::acr(["urn:vn:nd69-2024:loa:3"]).max_age(std::time::Duration::from_secs(300));
    assert_eq!(Challenge::parse(&answer.headers).unwrap().demand(), &demand);
}

#[tokio::test]
async fn a_bound_token_opens_for_the_holder_of_its_key_only() {
    let provider = provider().await;
    let required = server(&provider)
        .binding(Binding::Always)
        .requiring(["reports.read"]);
    let (mine, other) = (Prover::new(), Prover::new());
    let token = provider.access_token(
        AUDIENCE,
        "reports.read",
        Some(json!({"jkt": mine.thumbprint()})),
    );
    let authorization = format!("DPoP {token}");
    let send = |proof: String| {
        let fields = [
            ("authorization", authorization.as_str()),
            ("dpop", proof.as_str()),
        ];
        let request = with(&fields);
        let required = &required;
        async move { ask(required, request).await }
    };
    let good = || mine.claims("GET", &format!("{AUDIENCE}/reports"), &token);
    let proof = mine.sign(&json!({}), &good());
    assert_eq!(send(proof.clone()).await.status, StatusCode::OK);
    assert_eq!(send(proof).await.body, "dpop_proof_replayed");

    type Lie = fn(&mut Value, &mut Value);
    let lies: [(&str, Lie); 12] = [
        ("dpop_proof_type", |h, _| h["typ"] = json!("JWT")),
        ("dpop_proof_alg", |h, _| h["alg"] = json!("none")),
        ("dpop_proof_alg", |h, _| h["alg"] = json!("HS256")),
        ("dpop_proof_jwk", |h, _| h["jwk"]["d"] = json!("AA")),
        ("dpop_proof_jwk", |h, _| {
            h["jwk"] = json!({"kty": "oct", "k": "AA"});
        }),
        ("dpop_proof_signature", |h, _| {
            h["jwk"] = Prover::new().jwk();
        }),
        ("dpop_proof_htm", |_, c| c["htm"] = json!("POST")),
        ("dpop_proof_htu", |_, c| {
            c["htu"] = json!("https://other.example/reports");
        }),
        ("dpop_proof_iat", |_, c| {
            c["iat"] = json!(crate::provider::now() - 91);
        }),
        ("dpop_proof_iat", |_, c| {
            c["iat"] = json!(crate::provider::now() + 60);
        }),
        ("dpop_proof_ath", |_, c| c["ath"] = json!("AA")),
        ("dpop_proof_malformed", |_, c| {
            c.as_object_mut().unwrap().remove("jti");
        }),
    ];
    for (reason, lie) in lies {
        let (mut header, mut claims) = (mine.header(), good());
        lie(&mut header, &mut claims);
        let answer = send(mine.sign(&header, &claims)).await;
        assert_eq!(
            (answer.body.as_str(), answer.status),
            (reason, StatusCode::UNAUTHORIZED)
        );
        assert!(
            answer.challenges[0].contains("invalid_dpop_proof"),
            "{:?}",
            answer.challenges
        );
    }
    let foreign = other.sign(
        &json!({}),
        &other.claims("GET", &format!("{AUDIENCE}/reports"), &token),
    );
    assert_eq!(send(foreign).await.body, "dpop_proof_key_differs");

    let stolen = ask(
        &required,
        with(&[("authorization", &format!("Bearer {token}"))]),
    )
    .await;
    assert_eq!(stolen.body, "access_token_proof_absent");
    let missing = ask(&required, with(&[("authorization", &authorization)])).await;
    assert_eq!(missing.body, "dpop_proof_missing");
    let plain = provider.access_token(AUDIENCE, "reports.read", None);
    let unbound = ask(
        &required,
        with(&[("authorization", &format!("Bearer {plain}"))]),
    )
    .await;
    assert_eq!(unbound.body, "access_token_not_bound");
}

#[tokio::test]
async fn a_demanded_nonce_is_handed_out_and_accepted() {
    let provider = provider().await;
    let required = server(&provider)
        .demand_nonces(b"a secret")
        .requiring(["reports.read"]);
    let mine = Prover::new();
    let token = provider.access_token(
        AUDIENCE,
        "reports.read",
        Some(json!({"jkt": mine.thumbprint()})),
    );
    let authorization = format!("DPoP {token}");
    let claims = || mine.claims("GET", &format!("{AUDIENCE}/reports"), &token);
    let proof = mine.sign(&json!({}), &claims());
    let asked = ask(
        &required,
        with(&[("authorization", &authorization), ("dpop", &proof)]),
    )
    .await;
    assert!(
        asked.challenges[0].starts_with(r#"DPoP error="use_dpop_nonce""#),
        "{:?}",
        asked.challenges
    );
    let mut claims = claims();
    claims["nonce"] = json!(asked.headers["dpop-nonce"].to_str().unwrap());
    let proof = mine.sign(&json!({}), &claims);
    let answer = ask(
        &required,
        with(&[("authorization", &authorization), ("dpop", &proof)]),
    )
    .await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
}

#[tokio::test]
async fn a_token_bound_to_a_certificate_opens_with_it_only() {
    use base64::Engine;
    let provider = provider().await;
    let required = server(&provider).requiring(["reports.read"]);
    let certificate = b"any DER will do here".to_vec();
    let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, &certificate);
    let digest = base64::prelude::BASE64_URL_SAFE_NO_PAD.encode(digest);
    let token = provider.access_token(AUDIENCE, "reports.read", Some(json!({"x5t#S256": digest})));
    let authorization = format!("Bearer {token}");
    for (shown, expected) in [
        (Some(certificate), "s-1093 reports.read"),
        (Some(b"another".to_vec()), "access_token_certificate"),
        (None, "access_token_certificate_missing"),
    ] {
        let mut request = with(&[("authorization", &authorization)]);
        if let Some(shown) = shown {
            request.extensions_mut().insert(ClientCertificate(shown));
        }
        assert_eq!(ask(&required, request).await.body, expected);
    }
}
