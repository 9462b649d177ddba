//! DPoP (RFC 9449) from the authorization request to userinfo, and its wire codes.

use idp_tests::agent::{encode, fields};
use idp_tests::dpop::{DpopKey, ath};
use idp_tests::{Agent, Answer, Installation, RelyingParty, User, jwt};
use reqwest::Method;
use serde_json::json;

/// A public client of pages at another origin, whose tokens are always bound.
async fn browser_client(installation: &Installation) -> RelyingParty {
    let further = ["--kind", "spa", "--set", "dpop_bound_access_tokens=true"];
    let application = installation.application("Trang một cửa", &further);
    RelyingParty::at(&installation.issuer, application).await
}

/// Redeems or refreshes as a public client with these DPoP headers.
async fn ask(rp: &RelyingParty, parameters: &[(&str, &str)], proofs: &[String]) -> Answer {
    let client = [("client_id", rp.application.client_id.as_str())];
    let body = encode(&fields(&[parameters, &client].concat()));
    let mut headers: Vec<_> = proofs
        .iter()
        .map(|proof| ("dpop", proof.as_str()))
        .collect();
    headers.push(("origin", "https://mot-cua.example"));
    rp.ask_raw("token_endpoint", &headers, body).await
}

/// A fresh code bound to the key, as the parameters of its redemption.
async fn code(rp: &RelyingParty, user: &User, key: &DpopKey) -> Vec<(&'static str, String)> {
    let request = rp.request().with("dpop_jkt", &key.thumbprint());
    let callback = rp.authorize(&mut Agent::new(), &request, user).await;
    vec![
        ("grant_type", "authorization_code".to_owned()),
        ("code", callback.code()),
        ("redirect_uri", rp.application.redirect_uri.to_string()),
        ("code_verifier", request.pkce.verifier),
    ]
}

fn borrowed<'a>(owned: &'a [(&'static str, String)]) -> Vec<(&'static str, &'a str)> {
    owned
        .iter()
        .map(|(name, value)| (*name, value.as_str()))
        .collect()
}

async fn userinfo(rp: &RelyingParty, scheme: &str, token: &str, proof: &str) -> Answer {
    let headers = [
        ("authorization".to_owned(), format!("{scheme} {token}")),
        ("dpop".to_owned(), proof.to_owned()),
    ];
    let url = rp.endpoint("userinfo_endpoint");
    Agent::new().send(Method::GET, &url, &headers, None).await
}

#[tokio::test]
async fn a_browser_client_binds_its_tokens_and_uses_them() {
    let installation = Installation::init();
    let serving = installation.serve().await.expect("serving");
    let (user, rp) = (
        installation.activate().await,
        browser_client(&installation).await,
    );
    let offered = &rp.metadata["dpop_signing_alg_values_supported"];
    assert_eq!(offered, &json!(["ES256", "EdDSA", "PS256"]));
    let key = DpopKey::new();
    let at = rp.endpoint("token_endpoint");
    let redemption = code(&rp, &user, &key).await;
    let none = ask(&rp, &borrowed(&redemption), &[]).await;
    assert_eq!(
        (none.status, none.oauth_error().as_str()),
        (400, "invalid_dpop_proof")
    );
    let proof = key.proof("POST", at.as_str(), &[]);
    let answer = ask(&rp, &borrowed(&redemption), std::slice::from_ref(&proof)).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    assert_eq!(answer.header("access-control-allow-origin"), "*");
    let tokens = answer.json();
    assert_eq!(tokens["token_type"], "DPoP");
    let access = tokens["access_token"].as_str().expect("a token");
    let claims = jwt::unverified(access);
    assert_eq!(claims["cnf"]["jkt"], key.thumbprint());

    let address = rp.endpoint("userinfo_endpoint");
    let proof = key.proof("GET", address.as_str(), &[("ath", ath(access))]);
    let told = userinfo(&rp, "DPoP", access, &proof).await;
    assert_eq!(told.status, 200, "{}", told.body);
    let refresh = tokens["refresh_token"].as_str().expect("a refresh token");
    let refreshing = [("grant_type", "refresh_token"), ("refresh_token", refresh)];
    let other = DpopKey::new().proof("POST", at.as_str(), &[]);
    let stolen = ask(&rp, &refreshing, &[other]).await;
    assert_eq!(
        (stolen.status, stolen.oauth_error().as_str()),
        (400, "invalid_grant")
    );
    let own = ask(&rp, &refreshing, &[key.proof("POST", at.as_str(), &[])]).await;
    assert_eq!(own.status, 200, "{}", own.body);
    drop(serving);
}

#[tokio::test]
async fn a_page_of_another_origin_may_send_proofs() {
    let installation = Installation::init();
    let serving = installation.serve().await.expect("serving");
    let asking = [
        ("origin".to_owned(), "https://mot-cua.example".to_owned()),
        (
            "access-control-request-method".to_owned(),
            "POST".to_owned(),
        ),
        (
            "access-control-request-headers".to_owned(),
            "dpop".to_owned(),
        ),
    ];
    for path in ["/token", "/userinfo", "/revoke"] {
        let url = installation.issuer.join(path).expect("an address");
        let answer = Agent::new()
            .send(Method::OPTIONS, &url, &asking, None)
            .await;
        assert_eq!(answer.status, 204, "{path}");
        assert_eq!(answer.header("access-control-allow-origin"), "*");
        assert_eq!(answer.header("access-control-allow-credentials"), "");
        assert!(
            answer
                .header("access-control-allow-headers")
                .contains("dpop")
        );
    }
    let url = installation.issuer.join("/introspect").expect("an address");
    let answer = Agent::new()
        .send(Method::OPTIONS, &url, &asking, None)
        .await;
    assert_eq!(
        answer.header("access-control-allow-origin"),
        "",
        "for servers only"
    );
    drop(serving);
}

#[tokio::test]
async fn nonces_are_told_where_the_operator_asks_for_them() {
    let mut installation = Installation::init();
    let required = ("IDP__TOKENS__DPOP_NONCE".to_owned(), "required".to_owned());
    installation.environment.push(required);
    let serving = installation.serve().await.expect("serving");
    let (user, rp) = (
        installation.activate().await,
        browser_client(&installation).await,
    );
    let (key, at) = (DpopKey::new(), rp.endpoint("token_endpoint"));
    let redemption = code(&rp, &user, &key).await;
    let first = ask(
        &rp,
        &borrowed(&redemption),
        &[key.proof("POST", at.as_str(), &[])],
    )
    .await;
    assert_eq!(
        (first.status, first.oauth_error().as_str()),
        (400, "use_dpop_nonce")
    );
    let nonce = first.header("dpop-nonce").to_owned();
    let with = [("nonce", json!(nonce))];
    let answer = ask(
        &rp,
        &borrowed(&redemption),
        &[key.proof("POST", at.as_str(), &with)],
    )
    .await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    assert!(
        !answer.header("dpop-nonce").is_empty(),
        "the next one comes along"
    );
    let tokens = answer.json();
    let access = tokens["access_token"].as_str().expect("a token");
    let address = rp.endpoint("userinfo_endpoint");
    let proof = key.proof("GET", address.as_str(), &[("ath", ath(access))]);
    let told = userinfo(&rp, "DPoP", access, &proof).await;
    assert_eq!(told.status, 401);
    let challenge = told.header("www-authenticate");
    assert!(
        challenge.starts_with("DPoP ") && challenge.contains("use_dpop_nonce"),
        "{challenge}"
    );
    drop(serving);
}
