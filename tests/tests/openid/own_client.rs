//! The relying-party crate, asked for everything strict, at this provider; and as the API that the
//! tokens are shown to.

use idp_relying_party::resource::{Binding, Presented, ResourceServer};
use idp_relying_party::session::Session;
use idp_relying_party::{
    Client, ClientAuthentication, Dpop, PushedRequests, Settings, SignInRequest,
};
use idp_tests::{Agent, Installation, RelyingParty, User};
use reqwest::header::{HeaderMap, HeaderValue};

/// The settings for this registration: its callback lies below the base URL.
fn settings(rp: &RelyingParty) -> Settings {
    let callback = rp.application.redirect_uri.as_str();
    let base = callback.strip_suffix("/callback").expect("our callback");
    let issuer = rp.metadata["issuer"].as_str().expect("an issuer");
    let secret = ClientAuthentication::secret_basic(&rp.application.client_secret);
    Settings::new(issuer, &rp.application.client_id, base)
        .expect("settings")
        .authentication(secret)
        .scopes(["profile"])
}

async fn sign_in(rp: &RelyingParty, client: &Client, user: &User) -> Session {
    let begun = client.begin(SignInRequest::default()).await;
    let begun = begun.expect("a pushed request");
    let names: Vec<_> = begun.url.query_pairs().map(|(name, _)| name).collect();
    assert_eq!(names, ["client_id", "request_uri"]);
    let callback = rp
        .authorize_at(&mut Agent::new(), &begun.url, user)
        .await
        .url;
    let callback = client
        .read_callback(callback.query().unwrap_or_default())
        .await
        .expect("an answer");
    let session = client.finish(begun.pending, &callback).await;
    session.expect("a session")
}

/// What an API answers to this token without a proof.
async fn shown(server: &ResourceServer, scheme: &str, token: &str) -> Result<String, &'static str> {
    let mut headers = HeaderMap::new();
    let value = HeaderValue::from_str(&format!("{scheme} {token}")).expect("a header");
    headers.insert("authorization", value);
    let presented = Presented {
        method: "GET",
        path: "/reports",
        headers: &headers,
        certificate: None,
    };
    let caller = server.authenticate(&presented).await;
    caller
        .map(|caller| caller.sub)
        .map_err(|error| error.reason())
}

#[tokio::test]
async fn our_client_pushes_binds_and_refreshes_here() {
    let installation = Installation::init();
    let serving = installation.serve().await.expect("serving");
    let user = installation.activate().await;
    let strict = [
        "--set",
        "require_pushed_authorization_requests=true",
        "--set",
        "dpop_bound_access_tokens=true",
    ];
    let application = installation.application("Hồ sơ một cửa", &strict);
    let rp = RelyingParty::at(&installation.issuer, application).await;
    let bound = settings(&rp)
        .pushed_requests(PushedRequests::Always)
        .dpop(Dpop::PerSession);
    let client = Client::new(bound).expect("a client");
    let mut session = sign_in(&rp, &client, &user).await;
    let key = session.tokens.dpop.clone().expect("a key of the session");
    session.tokens = client.refresh(&session).await.expect("new tokens");
    let renewed = session.tokens.dpop.as_ref().expect("still bound");
    assert_eq!(renewed.thumbprint(), key.thumbprint());

    let address = rp.endpoint("userinfo_endpoint");
    let request = http::Request::get(address.as_str()).body(Vec::new());
    let told = client.call(&session.tokens, request.expect("GET")).await;
    assert_eq!(told.expect("an answer").status(), 200, "with a proof");

    let issuer = rp.metadata["issuer"].as_str().expect("an issuer");
    let server = ResourceServer::new(settings(&rp), issuer).expect("an API");
    let token = session.tokens.access_token.secret();
    assert_eq!(
        shown(&server, "Bearer", token).await,
        Err("access_token_proof_absent"),
        "a stolen token is worth nothing"
    );
    assert_eq!(
        shown(&server, "DPoP", token).await,
        Err("dpop_proof_missing")
    );
    serving.terminate();
}

#[tokio::test]
async fn our_api_takes_this_providers_tokens_and_no_others() {
    let installation = Installation::init();
    let serving = installation.serve().await.expect("serving");
    let user = installation.activate().await;
    let application = installation.application("Hồ sơ một cửa", &[]);
    let rp = RelyingParty::at(&installation.issuer, application).await;
    let client = Client::new(settings(&rp).pushed_requests(PushedRequests::Always));
    let session = sign_in(&rp, &client.expect("a client"), &user).await;
    let token = session.tokens.access_token.secret();
    let issuer = rp.metadata["issuer"].as_str().expect("an issuer");
    let api = |audience: &str| ResourceServer::new(settings(&rp), audience).expect("an API");
    assert_eq!(
        shown(&api(issuer), "Bearer", token).await,
        Ok(session.person.sub.clone())
    );
    let other = api("https://api.tinh.example/khac");
    assert_eq!(
        shown(&other, "Bearer", token).await,
        Err("access_token_aud")
    );
    assert_eq!(
        shown(&api(issuer), "Bearer", &session.tokens.id_token).await,
        Err("access_token_type"),
        "an ID token opens no API"
    );
    let bound = api(issuer).binding(Binding::Always);
    assert_eq!(
        shown(&bound, "Bearer", token).await,
        Err("access_token_not_bound")
    );
    serving.terminate();
}
