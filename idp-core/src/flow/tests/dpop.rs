//! Tokens that only the holder of a key can use.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use serde_json::{Map, Value, json};

use super::{World, basic, begun, claims, error_of, refused, rng, signing_key};
use crate::base::refusal::Reason;
use crate::flow::Failure;
use crate::flow::authorize::Visitor;
use crate::flow::userinfo::UserinfoAnswer;
use crate::jose::{Header, JwkSet, SigningAlgorithm, SigningKey, VERIFICATIONS, jws};
use crate::model::client::{Client, ClientAuthenticationMethod, ClientKind};
use crate::oauth::dpop::SLOT;
use crate::oauth::dpop::sample::{ProofKey, ath};
use crate::oauth::sample::{ISSUER, REDIRECT, SECRET, VERIFIER, parameters, web};
use crate::oauth::sender::Sender;
use crate::policy::DpopNonce;

type Answer = Result<Map<String, Value>, Failure>;

/// A holder of a key, who counts its proofs so that each is new.
pub(super) struct Holder<'a> {
    world: &'a World,
    key: ProofKey,
    made: std::cell::Cell<u32>,
}

impl<'a> Holder<'a> {
    pub(super) fn new(world: &'a World) -> Self {
        let (key, made) = (ProofKey::new(), std::cell::Cell::default());
        Self { world, key, made }
    }

    fn proof(&self, method: &str, path: &str, more: &Value) -> String {
        self.made.set(self.made.get() + 1);
        let (address, jti) = (format!("{ISSUER}{path}"), self.made.get().to_string());
        let now = self.world.now();
        self.key.proof((method, &address), &jti, now, more)
    }

    async fn token(&self, body: &[(&str, &str)]) -> Answer {
        let proof = self.proof("POST", "/token", &json!({}));
        self.token_with(body, &[proof]).await
    }

    async fn token_with(&self, body: &[(&str, &str)], dpop: &[String]) -> Answer {
        self.token_as("app", body, dpop).await
    }

    /// A token request of any client with this key's proof.
    pub(super) async fn proved_token(&self, client: &str, body: &[(&str, &str)]) -> Answer {
        let proof = self.proof("POST", "/token", &json!({}));
        self.token_as(client, body, &[proof]).await
    }

    async fn token_as(&self, client: &str, body: &[(&str, &str)], dpop: &[String]) -> Answer {
        let basic = basic(client, SECRET);
        let public = body.iter().any(|(name, _)| *name == "client_id");
        let sender = Sender {
            dpop,
            ..Sender::from((!public).then_some(basic.as_str()))
        };
        let mut context = self.world.context();
        let provider = &self.world.provider;
        provider
            .token(sender, &parameters(body), &mut context)
            .await
    }

    pub(super) async fn redeem(&self, visitor: &Visitor, changed: &[(&str, &str)]) -> Answer {
        let code = self.world.code(visitor, changed).await;
        self.token(&redemption(&code)).await
    }

    async fn userinfo(&self, tokens: &Map<String, Value>) -> Answer {
        let token = tokens["access_token"].as_str().unwrap();
        let proof = self.proof("GET", "/userinfo", &json!({"ath": ath(token)}));
        present(self.world, &format!("DPoP {token}"), &[proof]).await
    }
}

fn redemption(code: &str) -> [(&str, &str); 4] {
    [
        ("grant_type", "authorization_code"),
        ("code", code),
        ("redirect_uri", REDIRECT),
        ("code_verifier", VERIFIER),
    ]
}

async fn present(world: &World, header: &str, dpop: &[String]) -> Answer {
    let sender = Sender {
        method: "GET",
        path: "/userinfo",
        authorization: Some(header),
        dpop,
        certificates: &[],
    };
    let (body, mut context) = (parameters(&[]), world.context());
    let answer = world.provider.userinfo(sender, &body, &mut context);
    answer.await.map(|answer| match answer {
        UserinfoAnswer::Json(claims) => claims,
        UserinfoAnswer::Jwt(jwt) => panic!("not plain: {jwt}"),
    })
}

#[tokio::test]
async fn a_bound_token_works_for_the_holder_of_its_key_alone() {
    let (world, visitor) = begun().await;
    let (holder, thief) = (Holder::new(&world), Holder::new(&world));
    let tokens = holder.redeem(&visitor, &[]).await.unwrap();
    assert_eq!(tokens["token_type"], "DPoP");
    let confirmation = json!({"jkt": holder.key.jkt()});
    assert_eq!(claims(&tokens["access_token"])["cnf"], confirmation);
    let shown = world.introspect("app", &tokens["access_token"]).await;
    assert_eq!(
        (&shown["token_type"], &shown["cnf"]),
        (&json!("DPoP"), &confirmation)
    );
    assert!(holder.userinfo(&tokens).await.unwrap().contains_key("sub"));

    let stolen = refused(thief.userinfo(&tokens).await);
    assert_eq!(stolen, Reason::TokenKeyWrong);
    let token = tokens["access_token"].as_str().unwrap();
    for (header, dpop, expected) in [
        (format!("Bearer {token}"), vec![], Reason::TokenSchemeWrong),
        (format!("DPoP {token}"), vec![], Reason::TokenKeyWrong),
        (
            format!("DPoP {token}"),
            vec![holder.proof("GET", "/userinfo", &json!({"ath": ath("other")}))],
            Reason::DpopProofTokenWrong,
        ),
        (
            format!("DPoP {token}"),
            vec![holder.proof("POST", "/userinfo", &json!({"ath": ath(token)}))],
            Reason::DpopProofMethodWrong,
        ),
        (
            format!("DPoP {token}"),
            vec![holder.proof("GET", "/token", &json!({"ath": ath(token)}))],
            Reason::DpopProofAddressWrong,
        ),
    ] {
        assert_eq!(refused(present(&world, &header, &dpop).await), expected);
    }
    let proof = [holder.proof("GET", "/userinfo", &json!({"ath": ath(token)}))];
    let header = format!("DPoP {token}");
    present(&world, &header, &proof).await.unwrap();
    let replayed = present(&world, &header, &proof).await;
    assert_eq!(refused(replayed), Reason::DpopProofReplayed);
}

#[tokio::test]
async fn an_unbound_token_is_no_dpop_token() {
    let (world, visitor) = begun().await;
    let tokens = world.tokens(&visitor, &[]).await;
    assert_eq!(tokens["token_type"], "Bearer");
    assert!(claims(&tokens["access_token"]).get("cnf").is_none());
    let as_dpop = Holder::new(&world).userinfo(&tokens).await;
    assert_eq!(refused(as_dpop), Reason::TokenSchemeWrong);
}

#[tokio::test]
async fn a_replayed_proof_obtains_nothing_and_burns_no_code() {
    let (world, visitor) = begun().await;
    let holder = Holder::new(&world);
    let proof = [holder.proof("POST", "/token", &json!({}))];
    let (first, second) = (
        world.code(&visitor, &[]).await,
        world.code(&visitor, &[]).await,
    );
    holder
        .token_with(&redemption(&first), &proof)
        .await
        .unwrap();
    let replayed = holder.token_with(&redemption(&second), &proof).await;
    assert_eq!(refused(replayed), Reason::DpopProofReplayed);
    holder.token(&redemption(&second)).await.unwrap();
}

#[tokio::test]
async fn a_code_bound_to_a_key_is_redeemed_with_that_key() {
    let (world, visitor) = begun().await;
    let (holder, thief) = (Holder::new(&world), Holder::new(&world));
    let jkt = holder.key.jkt();
    let bound = [("dpop_jkt", jkt.as_str())];
    assert!(holder.redeem(&visitor, &bound).await.is_ok());
    assert_eq!(
        refused(thief.redeem(&visitor, &bound).await),
        Reason::CodeKeyWrong
    );
    let code = world.code(&visitor, &bound).await;
    assert_eq!(refused(world.redeem(&code).await), Reason::CodeKeyWrong);
    assert_eq!(
        refused(holder.token(&redemption(&code)).await),
        Reason::CodeReused
    );
    let malformed = world.authorize(&visitor, &[("dpop_jkt", "x")]).await;
    let expected = (
        "invalid_request".to_owned(),
        "dpop_jkt_malformed".to_owned(),
    );
    assert_eq!(error_of(malformed), expected);
}

#[tokio::test]
async fn refresh_tokens_of_public_clients_are_bound_and_of_others_not() {
    let (world, visitor) = begun().await;
    let (holder, other) = (Holder::new(&world), Holder::new(&world));
    let tokens = holder.redeem(&visitor, &[]).await.unwrap();
    let refresh =
        |tokens: &Map<String, Value>| tokens["refresh_token"].as_str().unwrap().to_owned();
    let token = refresh(&tokens);
    let body = [("grant_type", "refresh_token"), ("refresh_token", &token)];
    let rotated = other.token(&body).await.unwrap();
    let confirmation = json!({"jkt": other.key.jkt()});
    assert_eq!(claims(&rotated["access_token"])["cnf"], confirmation);

    world
        .edit_client(|client| {
            client.kind = ClientKind::Spa;
            client.authentication = ClientAuthenticationMethod::None;
            client.secrets.clear();
        })
        .await;
    let code = world.code(&visitor, &[]).await;
    let body = [&redemption(&code)[..], &[("client_id", "app")]].concat();
    let tokens = holder.token(&body).await.unwrap();
    let token = refresh(&tokens);
    let body = [
        ("grant_type", "refresh_token"),
        ("refresh_token", &token),
        ("client_id", "app"),
    ];
    assert_eq!(
        refused(other.token(&body).await),
        Reason::RefreshTokenKeyWrong
    );
    let without = holder.token_with(&body, &[]).await;
    assert_eq!(refused(without), Reason::RefreshTokenKeyWrong);
    let rotated = holder.token(&body).await.unwrap();
    assert_eq!(rotated["token_type"], "DPoP");
}

#[tokio::test]
async fn a_client_that_binds_its_tokens_obtains_none_without_a_proof() {
    let (world, visitor) = begun().await;
    world
        .edit_client(|client| client.features.dpop_bound_access_tokens = true)
        .await;
    let code = world.code(&visitor, &[]).await;
    assert_eq!(refused(world.redeem(&code).await), Reason::DpopProofNeeded);
    let holder = Holder::new(&world);
    assert!(
        holder.token(&redemption(&code)).await.is_ok(),
        "the code was not taken"
    );
}

#[tokio::test]
async fn a_nonce_that_is_asked_for_is_told_and_counts_for_a_while() {
    let (mut world, visitor) = begun().await;
    assert_eq!(world.provider.dpop_nonce(world.now()).await.unwrap(), None);
    let policy = Arc::make_mut(&mut world.provider.policy);
    policy.dpop_nonce = DpopNonce::Required;
    let holder = Holder::new(&world);
    let code = world.code(&visitor, &[]).await;
    assert_eq!(
        refused(holder.token(&redemption(&code)).await),
        Reason::DpopNonceNeeded
    );
    let nonce = world
        .provider
        .dpop_nonce(world.now())
        .await
        .unwrap()
        .unwrap();
    let with = |nonce: &str| [holder.proof("POST", "/token", &json!({"nonce": nonce}))];
    let answer = holder.token_with(&redemption(&code), &with(&nonce)).await;
    assert!(answer.is_ok(), "the code was not taken before");
    world.wait(2 * SLOT);
    let code = world.code(&visitor, &[]).await;
    let stale = holder.token_with(&redemption(&code), &with(&nonce)).await;
    assert_eq!(refused(stale), Reason::DpopNonceNeeded);
}

/// A client of the strictest kind: a key of its own, tokens bound to another.
async fn strict(world: &World, key: &SigningKey) {
    let keys = JwkSet::new(vec![key.public_jwk("k").unwrap()]);
    let mut client = Client {
        authentication: ClientAuthenticationMethod::PrivateKeyJwt,
        secrets: Vec::new(),
        jwks: Some(serde_json::to_value(keys).unwrap()),
        ..world.client().await
    };
    client.features.dpop_bound_access_tokens = true;
    world.edit_client(|present| *present = client).await;
}

#[tokio::test]
async fn the_strictest_code_exchange_stays_within_its_bounds() {
    let (mut world, visitor) = begun().await;
    let policy = Arc::make_mut(&mut world.provider.policy);
    policy.dpop_nonce = DpopNonce::Required;
    let key = signing_key();
    strict(&world, &key).await;
    let holder = Holder::new(&world);
    let jkt = holder.key.jkt();
    let code = world.code(&visitor, &[("dpop_jkt", &jkt)]).await;
    let assertion = json!({
        "iss": "app", "sub": "app", "aud": ISSUER, "jti": "one", "exp": world.now().seconds() + 60,
    });
    let header = Header::new(SigningAlgorithm::ES256).with_kid("k");
    let assertion = jws::sign(&header, assertion.to_string().as_bytes(), &key, &rng()).unwrap();
    let jwt_bearer = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
    let asserted = [
        ("client_id", web().id.as_str().to_owned()),
        ("client_assertion_type", jwt_bearer.to_owned()),
        ("client_assertion", assertion),
    ];
    let asserted = asserted
        .each_ref()
        .map(|(name, value)| (*name, value.as_str()));
    let nonce = world
        .provider
        .dpop_nonce(world.now())
        .await
        .unwrap()
        .unwrap();
    let proof = [holder.proof("POST", "/token", &json!({"nonce": nonce}))];

    world.records.asked.store(0, Ordering::SeqCst);
    world.tickets.asked.store(0, Ordering::SeqCst);
    VERIFICATIONS.set(0);
    let body = [&redemption(&code)[..], &asserted].concat();
    let tokens = holder.token_with(&body, &proof).await.unwrap();
    let verified = VERIFICATIONS.get();
    let tickets = world.tickets.asked.load(Ordering::SeqCst);
    let records = u64::try_from(world.records.asked.load(Ordering::SeqCst)).unwrap();
    assert_eq!(tokens["token_type"], "DPoP");
    assert!(tokens.contains_key("id_token") && tokens.contains_key("refresh_token"));
    assert_eq!(verified, 2, "the assertion and the proof");
    // Marks and code; client, grant, the unit's path, commit.
    assert_eq!((tickets, records), (2, 4));
}
