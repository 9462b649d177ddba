//! Response types and modes, single claims, levels, and encrypted answers.

use std::collections::BTreeMap;
use std::process::Command;

use idp_tests::request::Request;
use idp_tests::{Agent, Answer, Installation, RelyingParty, User, jwt};
use serde_json::{Value, json};

/// Every response type but the plain one.
const FRONT_CHANNEL: [&str; 5] = [
    "id_token",
    "id_token token",
    "code id_token",
    "code token",
    "code id_token token",
];

/// An installation with one person, and a client registered with these features.
pub(crate) struct Scene {
    installation: Installation,
    pub(crate) party: RelyingParty,
    user: User,
    agent: Agent,
}

impl Scene {
    pub(crate) async fn with(further: &[&str]) -> (Self, idp_tests::installation::Serving) {
        let installation = Installation::init();
        let serving = installation.serve().await.expect("it serves");
        let user = installation.activate().await;
        let application = installation.application("Một cửa điện tử", further);
        let party = RelyingParty::at(&installation.issuer, application).await;
        let agent = Agent::new();
        let scene = Self {
            installation,
            party,
            user,
            agent,
        };
        (scene, serving)
    }

    /// Walks through the sign-in where it is asked for; the answer that leaves for the client.
    pub(crate) async fn ask(&mut self, changed: &[(&str, &str)]) -> Answer {
        let mut request = self.party.request().with("scope", "openid profile");
        for (name, value) in changed {
            request = request.with(name, value);
        }
        self.sent(&request).await
    }

    async fn sent(&mut self, request: &Request) -> Answer {
        let answer = self.party.open(&mut self.agent, request).await;
        if !answer.page().has("username") {
            return answer;
        }
        let typed = [
            ("username", self.user.username.as_str()),
            ("password", self.user.password.as_str()),
        ];
        self.party
            .press(&mut self.agent, &answer, "sign-in", &typed)
            .await
    }

    /// The parameters of an answer, wherever it carries them.
    pub(crate) async fn parameters(
        &mut self,
        changed: &[(&str, &str)],
    ) -> BTreeMap<String, String> {
        carried(&self.ask(changed).await)
    }

    /// The same of a request as it stands.
    pub(crate) async fn walked(&mut self, request: &Request) -> BTreeMap<String, String> {
        carried(&self.sent(request).await)
    }

    async fn verified(&self, token: &str) -> Value {
        let issuer = self.party.metadata["issuer"].as_str().expect("an issuer");
        let client = Some(self.party.application.client_id.as_str());
        jwt::verified(token, &self.party.keys().await, issuer, client)
    }
}

fn carried(answer: &Answer) -> BTreeMap<String, String> {
    let Some(address) = answer.location() else {
        return posted(answer);
    };
    let text = address.fragment().or(address.query()).unwrap_or_default();
    let pairs = url::form_urlencoded::parse(text.as_bytes());
    pairs.into_owned().collect()
}

/// What the page that posts an answer sends, and that its policy lets it.
fn posted(answer: &Answer) -> BTreeMap<String, String> {
    assert_eq!(answer.status, 200, "{}", answer.body);
    let policy = answer.header("content-security-policy");
    assert!(policy.contains("script-src 'sha256-"), "{policy}");
    assert!(
        policy.contains("form-action http://localhost:9;"),
        "{policy}"
    );
    let page = answer.page();
    let form = page.form_with("continue").expect("a button without script");
    assert_eq!(
        (form.action.as_str(), form.method.as_str()),
        (idp_tests::installation::CALLBACK, "post")
    );
    form.fields("continue").into_iter().collect()
}

pub(crate) fn set(features: &[&'static str]) -> Vec<&'static str> {
    features.iter().flat_map(|one| ["--set", one]).collect()
}

#[tokio::test]
async fn a_client_gets_the_response_types_that_it_is_registered_for() {
    let registered = [
        "response_types=id_token",
        "response_types=id_token token",
        "response_types=code id_token",
        "response_types=code token",
        "response_types=code id_token token",
    ];
    let (mut scene, serving) = Scene::with(&set(&registered)).await;
    for wanted in FRONT_CHANNEL {
        for mode in ["", "fragment", "form_post"] {
            let mut changed = vec![("response_type", wanted)];
            changed.extend((!mode.is_empty()).then_some(("response_mode", mode)));
            let got = scene.parameters(&changed).await;
            for (name, word) in [
                ("code", "code"),
                ("id_token", "id_token"),
                ("access_token", "token"),
            ] {
                let due = wanted.split(' ').any(|w| w == word);
                assert_eq!(got.contains_key(name), due, "{wanted} {mode}: {got:?}");
            }
            if let Some(token) = got.get("id_token") {
                let claims = scene.verified(token).await;
                assert_eq!(claims["name"].is_string(), wanted == "id_token");
                assert_eq!(claims["c_hash"].is_string(), wanted.contains("code"));
            }
            if let Some(token) = got.get("access_token") {
                let told = scene.party.userinfo(token).await;
                assert_eq!((told.status, told.json()["name"].is_string()), (200, true));
            }
        }
    }
    let refused = scene
        .parameters(&[("response_type", "id_token"), ("response_mode", "query")])
        .await;
    assert_eq!(refused["error"], "invalid_request");
    assert_eq!(refused["error_description"], "response_mode_unfit");
    let refused = scene.parameters(&[("response_type", "code")]).await;
    assert_eq!(refused["error"], "unauthorized_client");
    serving.terminate();
}

#[tokio::test]
async fn a_signed_answer_verifies_and_nothing_else_stands_beside_it() {
    let registered = ["authorization_signed_response_alg=ES256"];
    let (mut scene, serving) = Scene::with(&set(&registered)).await;
    for mode in ["jwt", "fragment.jwt", "form_post.jwt"] {
        let got = scene.parameters(&[("response_mode", mode)]).await;
        assert_eq!(got.keys().collect::<Vec<_>>(), ["response"], "{mode}");
        assert_eq!(jwt::header(&got["response"])["alg"], "ES256");
        let claims = scene.verified(&got["response"]).await;
        assert!(claims["code"].is_string() && claims["state"].is_string());
        let refused = [("response_mode", mode), ("scope", "openid payroll")];
        let got = scene.parameters(&refused).await;
        let claims = scene.verified(&got["response"]).await;
        assert_eq!(claims["error"], "invalid_scope", "{mode}");
    }
    serving.terminate();
}

#[tokio::test]
async fn single_claims_and_levels_are_asked_for() {
    let (mut scene, serving) = Scene::with(&[]).await;
    let asked = r#"{"id_token":{"given_name":null},"userinfo":{"family_name":{"essential":true}}}"#;
    let request = scene.party.request().with("scope", "openid");
    let request = request.with("claims", asked);
    let tokens = scene
        .party
        .sign_in_with(&mut scene.agent, &request, &scene.user)
        .await;
    let claims = scene.party.id_token(&tokens).await;
    assert!(claims["given_name"].is_string() && claims.get("name").is_none());
    let told = scene.party.userinfo(&tokens.text("access_token")).await;
    assert!(told.json()["family_name"].is_string(), "{}", told.body);
    assert!(told.json().get("given_name").is_none(), "{}", told.body);
    for (changed, error, reason) in [
        (("claims", "[]"), "invalid_request", "claims_malformed"),
        (
            ("acr_values", "urn:vn:nd69-2024:loa:3"),
            "unmet_authentication_requirements",
            "level_unreachable",
        ),
        (
            (
                "claims",
                r#"{"id_token":{"acr":{"essential":true,"values":["gold"]}}}"#,
            ),
            "unmet_authentication_requirements",
            "acr_unknown",
        ),
    ] {
        let got = scene.parameters(&[changed]).await;
        assert_eq!(
            (got["error"].as_str(), got["error_description"].as_str()),
            (error, reason)
        );
    }
    let got = scene
        .parameters(&[("acr_values", "1 2"), ("display", "popup")])
        .await;
    assert!(got.contains_key("code"), "{got:?}");
    serving.terminate();
}

/// Node's own cryptography as the second implementation: makes a key, opens what was encrypted to it.
const NODE: &str = r#"
const crypto = require("node:crypto"), fs = require("node:fs");
const [, file, text] = process.argv;
const from = (part) => Buffer.from(part, "base64url");
if (!text) {
  const { privateKey, publicKey } = crypto.generateKeyPairSync("rsa", { modulusLength: 2048 });
  fs.writeFileSync(file, privateKey.export({ type: "pkcs8", format: "pem" }));
  console.log(JSON.stringify({ ...publicKey.export({ format: "jwk" }), kid: "e", use: "enc" }));
} else {
  const [head, wrapped, iv, sealed, tag] = text.split(".");
  const header = JSON.parse(from(head));
  if (header.alg !== "RSA-OAEP-256" || header.enc !== "A256GCM" || header.kid !== "e") throw header;
  const key = crypto.privateDecrypt(
    { key: fs.readFileSync(file), oaepHash: "sha256", padding: crypto.constants.RSA_PKCS1_OAEP_PADDING },
    from(wrapped));
  const cipher = crypto.createDecipheriv("aes-256-gcm", key, from(iv));
  cipher.setAAD(Buffer.from(head)).setAuthTag(from(tag));
  process.stdout.write(Buffer.concat([cipher.update(from(sealed)), cipher.final()]));
}
"#;

fn node(arguments: &[&str]) -> String {
    let output = Command::new("node")
        .args(["-e", NODE])
        .args(arguments)
        .output()
        .expect("node runs");
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{error}");
    String::from_utf8(output.stdout).expect("text")
}

#[tokio::test]
async fn what_is_encrypted_to_a_client_is_opened_by_another_implementation() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = |name: &str| folder.path().join(name).display().to_string();
    let (key, file) = (path("key.pem"), path("jwks.json"));
    let public: Value = serde_json::from_str(&node(&[&key])).expect("a JWK");
    std::fs::write(&file, json!({"keys": [public]}).to_string()).expect("a file");
    let mut further = vec!["--jwks", file.as_str()];
    further.extend(set(&[
        "id_token_encrypted_response_alg=RSA-OAEP-256",
        "id_token_encrypted_response_enc=A256GCM",
        "userinfo_signed_response_alg=RS256",
        "userinfo_encrypted_response_alg=RSA-OAEP-256",
        "userinfo_encrypted_response_enc=A256GCM",
        "authorization_encrypted_response_alg=RSA-OAEP-256",
        "authorization_encrypted_response_enc=A256GCM",
    ]));
    let (mut scene, serving) = Scene::with(&further).await;
    let request = scene.party.request().with("scope", "openid profile");
    let tokens = scene
        .party
        .sign_in_with(&mut scene.agent, &request, &scene.user)
        .await;
    let id_token = node(&[&key, &tokens.text("id_token")]);
    assert_eq!(
        scene.verified(&id_token).await["nonce"],
        request.nonce.as_str()
    );
    let told = scene.party.userinfo(&tokens.text("access_token")).await;
    assert_eq!(told.header("content-type"), "application/jwt");
    let claims = jwt::unverified(&node(&[&key, &told.body]));
    assert!(claims["name"].is_string(), "{claims}");
    assert_eq!(claims["iss"], scene.party.metadata["issuer"]);
    assert_eq!(claims["aud"], scene.party.application.client_id.as_str());
    let got = scene.parameters(&[("response_mode", "jwt")]).await;
    let response = node(&[&key, &got["response"]]);
    assert!(scene.verified(&response).await["code"].is_string());
    serving.terminate();
}

#[tokio::test]
async fn a_key_to_encrypt_to_is_published_once_there_is_one() {
    let (scene, serving) = Scene::with(&[]).await;
    let marked = |keys: &Value| {
        let keys = keys["keys"].as_array().expect("keys").clone();
        keys.iter().filter(|key| key["use"] == "enc").count()
    };
    assert_eq!(marked(&scene.party.keys().await), 0);
    for algorithm in ["ECDH-ES", "RSA-OAEP-256"] {
        let rotate = [
            "key",
            "rotate",
            "--purpose",
            "encryption",
            "--algorithm",
            algorithm,
        ];
        let output = scene.installation.administer(&rotate);
        let error = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{error}");
    }
    // The keys are read anew some seconds after a rotation.
    let begun = std::time::Instant::now();
    while marked(&scene.party.keys().await) < 2 {
        assert!(begun.elapsed().as_secs() < 10, "the keys are not published");
        tokio::time::sleep(std::time::Duration::from_millis(250)).await;
    }
    let signing = &scene.party.metadata["id_token_signing_alg_values_supported"];
    assert!(
        !signing
            .as_array()
            .expect("a list")
            .contains(&json!("ECDH-ES"))
    );
    serving.terminate();
}
