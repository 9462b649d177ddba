//! What a client may say of itself, and what is refused by which reason.

use super::create::{CreateFacts, Registered, create};
use super::manage::{ReplaceFacts, expire, kept, read, remove, replace};
use super::*;
use crate::admin::client::{Outside, SectorDocument};
use crate::admin::sample;
use crate::base::issuer::IssuerKey;
use crate::base::seal::SealingKey;
use crate::base::secret::SecretText;
use crate::base::time::Timestamp;
use crate::event::What;
use crate::model::client::{Client, ClientKind, ConsentRule};
use crate::model::key::{Key, KeyPurpose};
use crate::oauth::sample::{NOW, Stage, after, reason};
use crate::organisation::UnitTree;
use crate::policy::{Policy, RegistrationMode};
use crate::store::change::{Change, Write};
use crate::store::decision::{Asks, Decision, Outcome};
use serde_json::{Value, json};

/// An installation with a mode, and the keys that sign.
struct Scene {
    stage: Stage,
    keys: Vec<Key>,
    sealing: SealingKey,
    outside: Outside,
}

impl Scene {
    fn new(mode: RegistrationMode) -> Self {
        let mut stage = Stage::at(NOW);
        stage.policy.registration.mode = mode;
        Self {
            stage,
            keys: vec![key("ES256"), key("RS256")],
            sealing: SealingKey::derive(&[1; 32], "clients").unwrap(),
            outside: Outside::default(),
        }
    }

    fn open() -> Self {
        Self::new(RegistrationMode::Open)
    }

    fn certifying() -> Self {
        let mut scene = Self::open();
        scene.stage.policy.registration.certifies = true;
        scene
    }

    fn create(&mut self, metadata: &Value) -> Decision<Registered> {
        self.create_with(metadata, None, &InitialTokens::default())
    }

    fn create_with(
        &mut self,
        metadata: &Value,
        presented: Option<&str>,
        tokens: &InitialTokens,
    ) -> Decision<Registered> {
        let request = RegistrationRequest::parse(metadata.to_string().as_bytes()).unwrap();
        let presented = presented.map(|text| SecretText::new(text.to_owned()));
        let facts = CreateFacts {
            request: &request,
            presented: presented.as_ref(),
            tokens,
            keys: &self.keys,
            sealing: &self.sealing,
            outside: &self.outside,
        };
        create(&facts, &mut self.stage.deciding())
    }

    fn made(&mut self, metadata: &Value) -> Registered {
        sample::done(self.create(metadata))
    }

    fn replace(&mut self, client: &Client, token: &str, metadata: &Value) -> Decision<Registered> {
        let request = RegistrationRequest::parse(metadata.to_string().as_bytes()).unwrap();
        let presented = SecretText::new(token.to_owned());
        let facts = ReplaceFacts {
            client: Some(client),
            presented: Some(&presented),
            request: &request,
            keys: &self.keys,
            sealing: &self.sealing,
            tree: &UnitTree::default(),
            outside: &self.outside,
        };
        replace(&facts, &mut self.stage.deciding())
    }

    fn policy(&self) -> &Policy {
        &self.stage.policy
    }
}

fn key(algorithm: &str) -> Key {
    Key {
        kid: algorithm.into(),
        version: crate::model::Version(1),
        issuer: IssuerKey::main(),
        purpose: KeyPurpose::Token,
        algorithm: algorithm.into(),
        created_at: Timestamp::EPOCH,
        active_from: Timestamp::EPOCH,
        active_until: None,
        published_until: None,
        public_jwk: Some(json!({})),
        sealed: String::new(),
    }
}

fn plain() -> Value {
    json!({"client_name": "Cổng việc làm", "redirect_uris": ["https://rp.example/cb"]})
}

fn with(changed: Value) -> Value {
    let mut metadata = plain();
    let Value::Object(changed) = changed else {
        panic!("{changed}")
    };
    metadata.as_object_mut().unwrap().extend(changed);
    metadata
}

#[test]
fn the_defaults_are_those_of_the_specification_and_what_is_unknown_is_not_echoed() {
    let mut scene = Scene::open();
    let metadata = with(json!({
        "client_name#en": "Jobs", "unheard_of": true, "pkce_optional": true, "profile": "legacy",
        "sector": "agency", "consent": "never", "introspects": true, "logo_uri": null,
    }));
    let made = scene.made(&metadata);
    let client = &made.client;
    assert_eq!(client.kind, ClientKind::Web);
    assert_eq!(
        (client.consent, client.introspects),
        (ConsentRule::Ask, false)
    );
    assert_eq!(client.scopes, scene.policy().registration.scopes);
    assert!(client.features.are_plain());
    let told = answer(&made, scene.policy());
    for (name, expected) in [
        ("client_name", json!("Cổng việc làm")),
        ("client_name#en", json!("Jobs")),
        ("grant_types", json!(["authorization_code"])),
        ("response_types", json!(["code"])),
        ("token_endpoint_auth_method", json!("client_secret_basic")),
        ("application_type", json!("web")),
        ("subject_type", json!("public")),
        ("client_secret_expires_at", json!(0)),
        ("client_id_issued_at", json!(NOW.seconds())),
    ] {
        assert_eq!(told[name], expected, "{name}");
    }
    for unknown in [
        "unheard_of",
        "pkce_optional",
        "profile",
        "sector",
        "consent",
        "introspects",
    ] {
        assert!(!told.contains_key(unknown), "{unknown}");
    }
    let secret = told["client_secret"].as_str().unwrap();
    let token = told["registration_access_token"].as_str().unwrap();
    assert!(secret.len() == 43 && token.len() == 43 && secret != token);
    let uri = told["registration_client_uri"].as_str().unwrap();
    assert!(uri.ends_with(&format!("/register/{}", client.id)), "{uri}");
}

#[test]
fn secrets_rest_as_digests() {
    let decision = Scene::open().create(&plain());
    let stored = format!("{:?} {:?}", decision.changes, decision.events);
    let made = sample::done(decision);
    for secret in [made.secret.unwrap(), made.token.unwrap()] {
        assert!(!stored.contains(secret.expose()));
    }
}

#[test]
fn metadata_that_breaks_a_rule_are_refused_by_reason() {
    use Reason::*;
    for (changed, expected) in [
        (json!({"redirect_uris": []}), ClientRedirectMissing),
        (
            json!({"redirect_uris": "https://rp.example/cb"}),
            RegistrationBodyMalformed,
        ),
        (
            json!({"redirect_uris": ["https://rp.example/cb#here"]}),
            ClientRedirectFragment,
        ),
        (
            json!({"redirect_uris": ["http://rp.example/cb"]}),
            ClientRedirectNotHttps,
        ),
        (
            json!({"redirect_uris": ["https://*.example/cb"]}),
            ClientRedirectPattern,
        ),
        (
            json!({"redirect_uris": ["javascript:alert(1)"]}),
            ClientRedirectSchemeForbidden,
        ),
        (
            json!({"redirect_uris": ["vn.example.app:/cb"]}),
            ClientRedirectSchemeForbidden,
        ),
        (
            json!({"post_logout_redirect_uris": ["http://rp.example/"]}),
            ClientRedirectNotHttps,
        ),
        (
            json!({"token_endpoint_auth_method": "secret"}),
            RegistrationBodyMalformed,
        ),
        (
            json!({"token_endpoint_auth_method": "private_key_jwt"}),
            ClientKeysMissing,
        ),
        (
            json!({"grant_types": ["client_credentials"]}),
            ClientGrantTypeUnfit,
        ),
        (
            json!({"grant_types": ["authorization_code", "client_credentials"]}),
            RegistrationGrantForbidden,
        ),
        (
            json!({"grant_types": ["password"]}),
            RegistrationBodyMalformed,
        ),
        (
            json!({"response_types": ["code id_token"]}),
            RegistrationGrantForbidden,
        ),
        (json!({"response_types": ["token"]}), ClientFeatureInvalid),
        (json!({"subject_type": "secret"}), ClientFeatureInvalid),
        (
            json!({"scope": "openid payroll:write"}),
            RegistrationScopeForbidden,
        ),
        (json!({"scope": "openid roles"}), RegistrationScopeForbidden),
        (
            json!({"id_token_signed_response_alg": "none"}),
            ClientAlgorithmUnsupported,
        ),
        (
            json!({"id_token_signed_response_alg": "EdDSA"}),
            ClientAlgorithmWithoutKey,
        ),
        (json!({"client_name": "a\u{202e}b"}), ClientNameMalformed),
        (json!({"client_name": 7}), RegistrationBodyMalformed),
        (
            json!({"client_uri": "http://rp.example/"}),
            ClientAddressInvalid,
        ),
        (
            json!({"application_type": "native", "token_endpoint_auth_method": "client_secret_basic"}),
            ClientAuthenticationUnfit,
        ),
        (
            json!({"subject_type": "pairwise", "redirect_uris": ["https://a.example/", "https://b.example/"]}),
            ClientSectorAmbiguous,
        ),
        (
            json!({"software_statement": "statement"}),
            SoftwareStatementInvalid,
        ),
    ] {
        let refused = Scene::open().create(&with(changed.clone()));
        assert_eq!(reason(&refused), expected, "{changed}");
        assert!(refused.changes.is_empty() && refused.events.is_empty());
        let code = wire_code(expected).as_str();
        let fits = match expected {
            reason if reason.name().starts_with("client_redirect_") => {
                code == "invalid_redirect_uri"
            }
            SoftwareStatementInvalid => code == "invalid_software_statement",
            _ => code == "invalid_client_metadata",
        };
        assert!(fits, "{expected:?} answers {code}");
    }
    for body in [&b"[]"[..], b"", b"{\"a\":1,\"a\":2}", &[b' '; 65 * 1024]] {
        let parsed = RegistrationRequest::parse(body);
        assert_eq!(parsed, Err(RegistrationBodyMalformed));
    }
}

#[test]
fn what_a_suite_needs_is_open_only_where_the_operator_certifies() {
    let metadata = with(json!({
        "application_type": "native", "redirect_uris": ["vn.example.app:/cb"],
    }));
    assert_eq!(
        Scene::open().made(&metadata).client.kind,
        ClientKind::Native
    );
    let spa = with(json!({"token_endpoint_auth_method": "none"}));
    let made = Scene::open().made(&spa);
    assert_eq!(made.client.kind, ClientKind::Spa);
    assert!(
        made.secret.is_none()
            && !answer(&made, Scene::open().policy()).contains_key("client_secret_expires_at")
    );
    assert!(!Scene::open().made(&plain()).client.features.pkce_optional);
    let certified = Scene::certifying().made(&plain()).client;
    let offered = crate::admin::client::offers("pkce_optional");
    assert_eq!(certified.features.pkce_optional, offered);
}

#[test]
fn who_may_register_depends_on_the_mode() {
    use Reason::*;
    let off = RegistrationMode::Off;
    let by_token = RegistrationMode::InitialAccessToken;
    let none = InitialTokens::default();
    let refused =
        |mode, presented| reason(&Scene::new(mode).create_with(&plain(), presented, &none));
    assert_eq!(refused(off, None), RegistrationOff);
    assert_eq!(refused(off, Some("token")), RegistrationOff);
    assert_eq!(refused(by_token, None), RegistrationTokenMissing);
    assert_eq!(refused(by_token, Some("token")), RegistrationTokenWrong);
    assert_eq!(
        refused(RegistrationMode::Open, Some("token")),
        RegistrationTokenWrong
    );
    assert_eq!(wire_code(RegistrationTokenWrong).status(), 401);
}

#[test]
fn an_initial_access_token_is_used_with_the_registration() {
    use crate::model::registration::{InitialToken, InitialTokenId};
    let token = InitialToken {
        id: InitialTokenId::generate(NOW, &mut sample::entropy()),
        issuer: IssuerKey::main(),
        digest: crate::base::secret::Digest::of(b"token"),
        note: String::new(),
        uses_left: 1,
        created_at: NOW,
        expires_at: after(60),
    };
    let resting = |change: &Change| match change {
        Change::Setting(write) => InitialTokens::parse(Some(write.value.clone())).unwrap(),
        other => panic!("{other:?}"),
    };
    let tokens = resting(&InitialTokens::default().with(token.clone(), NOW));
    let mut scene = Scene::new(RegistrationMode::InitialAccessToken);
    let decision = scene.create_with(&plain(), Some("token"), &tokens);
    let used = resting(decision.changes.last().unwrap());
    let what = decision.events[0].what.clone();
    let made = sample::done(decision);
    assert_eq!(
        what,
        What::ClientRegistered {
            client: made.client.id.clone(),
            initial: Some(token.id)
        }
    );
    assert_eq!(
        made.client.registration.unwrap().expires_at,
        None,
        "it stays"
    );
    let again = scene.create_with(&plain(), Some("token"), &used);
    assert_eq!(reason(&again), Reason::RegistrationTokenWrong);
}

#[test]
fn a_sector_document_is_asked_for_and_compared() {
    let uri = "https://sector.example/uris.json";
    let metadata = with(json!({"subject_type": "pairwise", "sector_identifier_uri": uri}));
    let mut scene = Scene::open();
    let asked = scene.create(&metadata);
    assert!(
        matches!(&asked.outcome, Outcome::Need(Asks::SectorDocument { uri: asked }) if asked == uri),
        "{asked:?}"
    );
    assert!(asked.changes.is_empty());
    scene.outside.sector = Some(SectorDocument::parse(b"[]").unwrap());
    let refused = scene.create(&metadata);
    assert_eq!(reason(&refused), Reason::ClientSectorIncomplete);
    scene.outside.sector = SectorDocument::parse(br#"["https://rp.example/cb"]"#).ok();
    let sector = scene.made(&metadata).client.sector.unwrap();
    assert_eq!(sector.as_str(), "host:sector.example");
}

#[test]
fn id_tokens_are_signed_with_rs256_unless_the_registration_says_otherwise() {
    let mut scene = Scene::open();
    assert_eq!(scene.made(&plain()).client.id_token_alg, "RS256");
    let made = scene.made(&with(json!({"id_token_signed_response_alg": "ES256"})));
    assert_eq!(made.client.id_token_alg, "ES256");
    let token = made.token.unwrap();
    let mut body = plain();
    body["client_id"] = json!(made.client.id);
    let replaced = sample::done(scene.replace(&made.client, token.expose(), &body));
    assert_eq!(replaced.client.id_token_alg, "RS256", "replaced as a whole");
}

#[test]
fn a_picture_is_fetched_for_those_who_were_let_in_and_for_nobody_else() {
    let metadata = with(json!({"logo_uri": "https://rp.example/logo.png"}));
    let made = Scene::open().made(&metadata).client;
    assert_eq!((made.features.logo_uri, made.logo), (None, None));
    let mut scene = Scene::certifying();
    let asked = scene.create(&metadata);
    let asks = matches!(&asked.outcome, Outcome::Need(Asks::ClientLogo { uri }) if uri.ends_with("/logo.png"));
    assert!(asks && asked.changes.is_empty(), "{asked:?}");
    scene.outside.logo = Some(crate::base::secret::Digest::of(b"picture"));
    let made = scene.made(&metadata).client;
    assert_eq!(made.logo, scene.outside.logo);
}

#[test]
fn a_name_is_checked_by_a_statement_or_an_administrator_and_never_by_the_client() {
    let mut scene = Scene::open();
    let made = scene.made(&plain());
    assert!(made.client.has_unchecked_name());
    let rules = scene.policy().registration.clone();
    let stated = |sent: &Value, claims: &Value| {
        let request = RegistrationRequest::parse(sent.to_string().as_bytes()).unwrap();
        let request = request.stated(claims.as_object().unwrap().clone());
        request.client(made.client.clone(), &rules).unwrap()
    };
    let beside = with(json!({"client_name#vi": "Cổng dịch vụ công", "client_name#en": "Portal"}));
    let copied = stated(&beside, &json!({"client_name": "Việc làm"}));
    assert!(copied.has_unchecked_name(), "anybody may send it along");
    let addresses = plain()["redirect_uris"].clone();
    let whole = json!({"client_name": "Việc làm", "redirect_uris": addresses});
    let named = stated(&beside, &whole);
    assert!(!named.has_unchecked_name());
    assert_eq!((named.name.vi.as_str(), named.name.en), ("Việc làm", None));
    let unnamed = stated(&beside, &json!({"software_id": "viec-lam"}));
    assert!(unnamed.has_unchecked_name(), "nothing was said of the name");

    let mut checked = made.client.clone();
    checked.registration.as_mut().unwrap().name_checked = true;
    assert!(!checked.has_unchecked_name());
    let id = checked.id.as_str().to_owned();
    let token = made.token.unwrap();
    for (name, unchecked) in [("Cổng việc làm", false), ("Bộ Công an", true)] {
        let metadata = with(json!({"client_id": id, "client_name": name}));
        let replaced = sample::done(scene.replace(&checked, token.expose(), &metadata));
        assert_eq!(replaced.client.has_unchecked_name(), unchecked, "{name}");
    }
    let by_hand = sample::client(ClientKind::Web, &["https://rp.example/cb"]);
    assert!(!by_hand.has_unchecked_name());
}

#[test]
fn a_registration_is_read_with_its_own_token_only() {
    let mut scene = Scene::open();
    let made = scene.made(&plain());
    let token = made.token.as_ref();
    assert!(read(Some(&made.client), token).is_ok());
    let other = SecretText::new("other".into());
    let by_hand = sample::client(ClientKind::Web, &["https://rp.example/cb"]);
    let disabled = Client {
        disabled: true,
        ..made.client.clone()
    };
    for (client, presented) in [
        (Some(&made.client), None),
        (Some(&made.client), Some(&other)),
        (Some(&disabled), token),
        (Some(&by_hand), token),
        (None, token),
    ] {
        let wrong = Reason::RegistrationAccessWrong;
        assert_eq!(read(client, presented).map(drop), Err(wrong));
        let refused = remove(client, presented, &mut scene.stage.deciding());
        assert_eq!(reason(&refused), wrong);
    }
}

#[test]
fn a_replacement_replaces_everything_and_renews_the_token() {
    let mut scene = Scene::open();
    let before = scene.made(&with(json!({"client_uri": "https://rp.example/"})));
    let token = before.token.unwrap();
    let mut held = before.client;
    held.unit = Some(sample::HEALTH);
    held.scopes.push("payroll:read".into());
    let id = held.id.as_str();
    let metadata = with(json!({
        "client_id": id, "redirect_uris": ["https://rp.example/new"], "scope": "openid payroll:read",
    }));
    let replaced = sample::done(scene.replace(&held, token.expose(), &metadata));
    let client = &replaced.client;
    assert_eq!(client.redirect_uris, ["https://rp.example/new"]);
    assert_eq!(
        (client.client_uri.as_ref(), client.unit),
        (None, Some(sample::HEALTH))
    );
    assert_eq!(
        client.scopes,
        ["openid", "payroll:read"],
        "given by an administrator"
    );
    assert_eq!(client.secrets, held.secrets, "the secret stays");
    assert!(replaced.secret.is_none());
    let fresh = replaced.token.unwrap();
    assert_ne!(fresh.expose(), token.expose());
    assert_eq!(client.registration.as_ref().unwrap().token, fresh.digest());
}

#[test]
fn a_secret_that_is_a_key_can_be_repeated_and_leaves_with_its_method() {
    let mut scene = Scene::open();
    let keyed = json!({"token_endpoint_auth_method": "client_secret_jwt"});
    let made = scene.made(&with(keyed.clone()));
    let (secret, token) = (made.secret.unwrap(), made.token.unwrap());
    assert!(made.client.secrets[0].sealed.is_some());
    let id = made.client.id.to_string();
    let mut again = with(keyed);
    again["client_id"] = json!(id);
    again["client_secret"] = json!(secret.expose());
    let kept = sample::done(scene.replace(&made.client, token.expose(), &again));
    assert_eq!(kept.client.secrets, made.client.secrets);
    again["client_secret"] = json!("chosen");
    assert_eq!(
        reason(&scene.replace(&made.client, token.expose(), &again)),
        Reason::RegistrationSecretMismatch
    );
    let basic = with(json!({"client_id": id}));
    let moved = sample::done(scene.replace(&made.client, token.expose(), &basic));
    let digest = moved.secret.unwrap().digest();
    let rests: Vec<_> = moved.client.secrets.iter().map(|s| s.digest).collect();
    assert_eq!(rests, [Some(digest)], "a fresh one, and not the key");
}

#[test]
fn a_replacement_cannot_become_another_client_or_more_than_it_may_be() {
    use Reason::*;
    let mut scene = Scene::open();
    let made = scene.made(&with(json!({"subject_type": "pairwise"})));
    let (client, token) = (made.client, made.token.unwrap());
    let id = client.id.to_string();
    for (changed, expected) in [
        (json!({}), RegistrationClientIdChanged),
        (json!({"client_id": "other"}), RegistrationClientIdChanged),
        (
            json!({"client_id": id, "client_secret": "chosen"}),
            RegistrationSecretMismatch,
        ),
        (
            json!({"client_id": id, "registration_access_token": "t"}),
            RegistrationFieldForbidden,
        ),
        (
            json!({"client_id": id, "registration_client_uri": "https://x.example"}),
            RegistrationFieldForbidden,
        ),
        (
            json!({"client_id": id, "scope": "openid payroll:write"}),
            RegistrationScopeForbidden,
        ),
        (
            json!({"client_id": id, "subject_type": "pairwise", "redirect_uris": ["https://new.example/"]}),
            ClientSubjectsWouldChange,
        ),
        (
            json!({"client_id": id, "subject_type": "public"}),
            ClientSubjectsWouldChange,
        ),
    ] {
        let refused = scene.replace(&client, token.expose(), &with(changed.clone()));
        assert_eq!(reason(&refused), expected, "{changed}");
        assert_eq!(wire_code(expected).as_str(), "invalid_client_metadata");
    }
    let wrong = scene.replace(&client, "other", &plain());
    assert_eq!(reason(&wrong), RegistrationAccessWrong);
}

#[test]
fn a_client_that_nobody_uses_goes_and_one_that_is_used_stays() {
    let mut scene = Scene::open();
    let client = scene.made(&plain()).client;
    assert!(expire(&client, &mut scene.stage.deciding()).is_none());
    let late: Timestamp = NOW + scene.policy().registration.unused;
    let mut later = Stage::at(late);
    let expired = expire(&client, &mut later.deciding()).unwrap();
    assert!(
        matches!(&expired.changes[..], [Change::Client(Write::Remove(gone))] if gone.id == client.id)
    );
    let used = kept(&client).unwrap();
    assert!(expire(&used, &mut later.deciding()).is_none());
    assert!(kept(&used).is_none(), "written once");
    let by_hand = sample::client(ClientKind::Web, &[]);
    assert!(kept(&by_hand).is_none() && expire(&by_hand, &mut later.deciding()).is_none());
}
