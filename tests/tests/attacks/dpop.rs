//! Proofs and bound tokens in the wrong hands (RFC 9449 §11).

use idp_tests::dpop::{DpopKey, ath};
use idp_tests::{Agent, Answer, RelyingParty, Tokens, World};
use reqwest::Method;
use serde_json::{Value, json};

use crate::openid::exchange::{EXCHANGE, desk};

/// Redeems a code with these headers beside the client's own.
async fn redeem(rp: &RelyingParty, code: &str, verifier: &str, proofs: &[String]) -> Answer {
    let authorization = rp.basic();
    let mut headers = vec![("authorization", authorization.as_str())];
    headers.extend(proofs.iter().map(|proof| ("dpop", proof.as_str())));
    let body = idp_tests::agent::encode(&idp_tests::agent::fields(&[
        ("grant_type", "authorization_code"),
        ("code", code),
        ("redirect_uri", rp.application.redirect_uri.as_str()),
        ("code_verifier", verifier),
    ]));
    rp.ask_raw("token_endpoint", &headers, body).await
}

/// A code and its verifier, bound to a key where one is given.
async fn code(world: &World, rp: &RelyingParty, key: Option<&DpopKey>) -> (String, String) {
    let mut request = rp.request();
    if let Some(key) = key {
        request = request.with("dpop_jkt", &key.thumbprint());
    }
    let callback = rp
        .authorize(&mut Agent::new(), &request, world.user())
        .await;
    (callback.code(), request.pkce.verifier)
}

async fn present(rp: &RelyingParty, authorization: &str, proofs: &[String]) -> Answer {
    let mut headers = vec![("authorization".to_owned(), authorization.to_owned())];
    headers.extend(
        proofs
            .iter()
            .map(|proof| ("dpop".to_owned(), proof.clone())),
    );
    let url = rp.endpoint("userinfo_endpoint");
    Agent::new().send(Method::GET, &url, &headers, None).await
}

fn reason(answer: &Answer) -> String {
    let description = &answer.json()["error_description"];
    description.as_str().unwrap_or_default().to_owned()
}

#[tokio::test]
async fn a_proof_serves_one_request_to_one_place_with_one_method() {
    let world = World::demo();
    let rp = RelyingParty::of(&world, 0).await;
    let (key, at) = (DpopKey::new(), rp.endpoint("token_endpoint"));
    let userinfo = rp.endpoint("userinfo_endpoint");
    let good = |more: &[(&str, Value)]| key.proof("POST", at.as_str(), more);
    let old = json!(1_000_000_000);
    let confused = key.sign(
        &json!({"typ": "dpop+jwt", "alg": "HS256", "jwk": key.jwk()}),
        &json!({"jti": "a", "htm": "POST", "htu": at.as_str(), "iat": 1}),
    );
    for (proofs, expected) in [
        (
            vec![key.proof("GET", at.as_str(), &[])],
            "dpop_proof_method_wrong",
        ),
        (
            vec![key.proof("POST", userinfo.as_str(), &[])],
            "dpop_proof_address_wrong",
        ),
        (
            vec![key.proof("POST", "https://other.example/token", &[])],
            "dpop_proof_address_wrong",
        ),
        (vec![good(&[("iat", old)])], "dpop_proof_time_wrong"),
        (vec![good(&[]), good(&[])], "dpop_proof_repeated"),
        (vec![confused], "dpop_proof_algorithm_wrong"),
    ] {
        let (code, verifier) = code(&world, &rp, None).await;
        let answer = redeem(&rp, &code, &verifier, &proofs).await;
        assert_eq!((answer.status, reason(&answer).as_str()), (400, expected));
        assert_eq!(answer.oauth_error(), "invalid_dpop_proof");
    }
    let proof = [good(&[])];
    let (first, verifier) = code(&world, &rp, None).await;
    assert_eq!(redeem(&rp, &first, &verifier, &proof).await.status, 200);
    let (second, verifier) = code(&world, &rp, None).await;
    let replayed = redeem(&rp, &second, &verifier, &proof).await;
    assert_eq!(reason(&replayed), "dpop_proof_replayed");
    world.stop();
}

#[tokio::test]
async fn a_stolen_code_is_worth_nothing_without_its_key() {
    let world = World::demo();
    let rp = RelyingParty::of(&world, 0).await;
    let (key, at) = (DpopKey::new(), rp.endpoint("token_endpoint"));
    for proofs in [vec![], vec![DpopKey::new().proof("POST", at.as_str(), &[])]] {
        let (code, verifier) = code(&world, &rp, Some(&key)).await;
        let answer = redeem(&rp, &code, &verifier, &proofs).await;
        assert_eq!(
            (answer.status, reason(&answer).as_str()),
            (400, "code_key_wrong")
        );
        let own = [key.proof("POST", at.as_str(), &[])];
        let late = redeem(&rp, &code, &verifier, &own).await;
        assert_eq!(reason(&late), "code_reused", "the attempt spent it");
    }
    world.stop();
}

#[tokio::test]
async fn a_stolen_bound_token_opens_nothing() {
    let world = World::demo();
    let rp = RelyingParty::of(&world, 0).await;
    let (key, thief, at) = (
        DpopKey::new(),
        DpopKey::new(),
        rp.endpoint("token_endpoint"),
    );
    let mut tokens = Vec::new();
    for _ in 0..2 {
        let (code, verifier) = code(&world, &rp, None).await;
        let proof = [key.proof("POST", at.as_str(), &[])];
        let body = redeem(&rp, &code, &verifier, &proof).await.json();
        tokens.push(Tokens { body }.text("access_token"));
    }
    let (token, other) = (tokens[0].as_str(), tokens[1].as_str());
    let address = rp.endpoint("userinfo_endpoint");
    let by =
        |key: &DpopKey, token: &str| key.proof("GET", address.as_str(), &[("ath", ath(token))]);
    for (authorization, proofs, expected) in [
        (format!("Bearer {token}"), vec![], "token_scheme_wrong"),
        (
            format!("Bearer {token}"),
            vec![by(&key, token)],
            "token_scheme_wrong",
        ),
        (format!("DPoP {token}"), vec![], "token_key_wrong"),
        (
            format!("DPoP {token}"),
            vec![by(&thief, token)],
            "token_key_wrong",
        ),
        (
            format!("DPoP {token}"),
            vec![by(&key, other)],
            "dpop_proof_token_wrong",
        ),
    ] {
        let answer = present(&rp, &authorization, &proofs).await;
        assert_eq!((answer.status, reason(&answer).as_str()), (401, expected));
        let challenges = answer.headers.get_all("www-authenticate");
        assert!(
            challenges
                .iter()
                .any(|one| one.to_str().unwrap().contains("algs=\"ES256 "))
        );
    }
    assert_eq!(
        present(&rp, &format!("DPoP {token}"), &[by(&key, token)])
            .await
            .status,
        200
    );
    world.stop();
}

#[tokio::test]
async fn a_stolen_id_token_frees_no_bound_token() {
    let world = World::demo();
    let rp = RelyingParty::of(&world, 0).await;
    let desk = desk(&world).await;
    let (key, thief) = (DpopKey::new(), DpopKey::new());
    let at = rp.endpoint("token_endpoint");
    let (code, verifier) = code(&world, &rp, None).await;
    let proof = [key.proof("POST", at.as_str(), &[])];
    let body = redeem(&rp, &code, &verifier, &proof).await.json();
    let stolen = Tokens { body }.text("id_token");
    let exchange = idp_tests::agent::encode(&idp_tests::agent::fields(&[
        ("grant_type", EXCHANGE),
        ("subject_token", stolen.as_str()),
        (
            "subject_token_type",
            "urn:ietf:params:oauth:token-type:id_token",
        ),
    ]));
    let authorization = desk.basic();
    let own = thief.proof("POST", at.as_str(), &[]);
    for headers in [
        vec![("authorization", authorization.as_str())],
        vec![
            ("authorization", authorization.as_str()),
            ("dpop", own.as_str()),
        ],
    ] {
        let answer = desk
            .ask_raw("token_endpoint", &headers, exchange.clone())
            .await;
        assert_eq!(answer.status, 400, "{}", answer.body);
        assert_eq!(reason(&answer), "subject_token_key_not_shown");
    }
    world.stop();
}
