//! The protocol's flows against the stores in memory: a clock that stands until it is moved,
//! seeded randomness, one real signing key, and cheap doors to outside.

mod answers;
mod authorize;
mod certificate;
mod certificate_sessions;
mod client;
mod deliver;
mod device;
mod doors;
mod dpop;
mod exchange;
mod jwt_bearer;
mod logos;
mod opaque;
mod pairwise;
mod par;
mod password;
mod questions;
mod refresh;
mod request_object;
mod resources;
mod session_management;
mod sign_in;
mod sign_out;
mod status;
mod token;
mod tokens_in_use;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};

use serde_json::{Map, Value, json};

use self::doors::{Heard, OneKey, Outside, PlainPasswords, Status, Yielding, rng, signing_key};
use super::authorize::{AuthorizeReply, Visitor};
use super::browser::Browser;
use super::consent::ConsentForm;
use super::sign_in::Typed;
use super::userinfo::UserinfoAnswer;
use super::{Failure, Provider, RequestContext};
use crate::admin::sample;
use crate::authn::session_begin::NewSession;
use crate::authn::sign_in::SignInRequest;
use crate::base::entropy::Entropy;
use crate::base::issuer::IssuerKey;
use crate::base::refusal::Reason;
use crate::base::seal::SealingKey;
use crate::base::secret::SecretText;
use crate::base::time::Timestamp;
use crate::event::Circumstances;
use crate::jose::CompactJws;
use crate::model::client::Client;
use crate::model::credential::{Credential, CredentialSecret, PasswordCredential};
use crate::model::user::User;
use crate::model::{CredentialId, UserId, Version};
use crate::oauth::interaction::Interaction;
use crate::oauth::response::Answer;
use crate::oauth::sample::{CHALLENGE, REDIRECT, SECRET, VERIFIER, after, parameters, policy, web};
use crate::ports::{CertificateStatus, Fetch, Notices, Passwords};
use crate::store::change::{Batch, Change, Write};
use crate::store::memory::MemoryRecords;
use crate::store::records::Records;
use crate::store::tickets::Tickets;

const PASSWORD: &str = "bốn con trâu qua sông";

/// A provider with the client `app` and the people `an` and `binh`, who share a password.
#[derive(Clone)]
struct World {
    provider: Provider,
    passwords: Arc<PlainPasswords>,
    outside: Arc<Outside>,
    status: Arc<Status>,
    records: Arc<MemoryRecords>,
    tickets: Arc<Yielding>,
    heard: Arc<Heard>,
    seconds: Arc<AtomicI64>,
    seeds: Arc<AtomicU64>,
}

impl World {
    async fn new() -> Self {
        let passwords = Arc::new(PlainPasswords::default());
        let outside = Arc::new(Outside::default());
        let status = Arc::new(Status::default());
        let records = Arc::new(MemoryRecords::new());
        let tickets = Arc::new(Yielding::default());
        let heard = Arc::new(Heard::default());
        let sealing = |purpose| Arc::new(SealingKey::derive(&[1; 32], purpose).unwrap());
        let provider = Provider {
            records: Arc::clone(&records) as Arc<dyn Records>,
            tickets: Arc::clone(&tickets) as Arc<dyn Tickets>,
            signer: Arc::new(OneKey(signing_key())),
            passwords: Arc::clone(&passwords) as Arc<dyn Passwords>,
            fetch: Arc::clone(&outside) as Arc<dyn Fetch>,
            certificate_status: Arc::clone(&status) as Arc<dyn CertificateStatus>,
            notices: Arc::clone(&heard) as Arc<dyn Notices>,
            key_sets: Arc::default(),
            request_objects: Arc::default(),
            receivers: Arc::default(),
            framing_origins: Arc::default(),
            ticket_sealing: sealing("tickets"),
            client_sealing: sealing("clients"),
            outbox_sealing: sealing("outbox"),
            policy: Arc::new(policy()),
            shared_configuration: None,
        };
        let (seconds, seeds) = (Arc::default(), Arc::default());
        let world = Self {
            provider,
            passwords,
            outside,
            status,
            records,
            tickets,
            heard,
            seconds,
            seeds,
        };
        let new = |unit| crate::model::organisation_unit::OrganisationUnit {
            version: Version::NEW,
            ..unit
        };
        let units = sample::units().into_iter().map(new);
        world
            .commit(units.map(|unit| Change::Unit(Write::Put(unit))).collect())
            .await;
        world.add_client(web()).await;
        for (number, name) in [(1, "an"), (2, "binh")] {
            let user = sample::with_position(sample::user(name), sample::HEALTH);
            let user = sample::with_position(user, sample::JUSTICE);
            let hash = format!("plain:{PASSWORD}");
            world.add_user(number, user, &hash, false).await;
        }
        world
    }

    async fn commit(&self, changes: Vec<Change>) {
        let batch = Batch {
            changes,
            events: Vec::new(),
        };
        self.provider.records.commit(batch).await.unwrap();
    }

    async fn add_client(&self, client: Client) {
        let client = Client {
            version: Version::NEW,
            ..client
        };
        self.commit(vec![Change::Client(Write::Put(client))]).await;
    }

    async fn edit_client(&self, change: impl FnOnce(&mut Client)) {
        let mut client = self.client().await;
        change(&mut client);
        self.commit(vec![Change::Client(Write::Put(client))]).await;
    }

    async fn client(&self) -> Client {
        let found = self
            .provider
            .records
            .client(&IssuerKey::main(), &web().id)
            .await;
        found.unwrap().unwrap()
    }

    async fn add_user(&self, number: u128, user: User, hash: &str, must_change: bool) {
        let user = User {
            version: Version::NEW,
            ..user
        };
        let (hash, history) = (hash.to_owned(), Vec::new());
        let password = PasswordCredential {
            hash,
            must_change,
            history,
        };
        let credential = Credential {
            id: CredentialId::from_u128(number),
            version: Version::NEW,
            user: user.id,
            secret: CredentialSecret::Password(password),
            set_at: after(0),
        };
        let put = Change::Credential(Write::Put(credential));
        self.commit(vec![Change::User(Write::Put(user)), put]).await;
    }

    /// Sets another password, as its holder does.
    async fn set_password(&self, name: &str, password: &str) {
        let held = self.provider.records.credentials(sample::user(name).id);
        let mut credential = held.await.unwrap().remove(0);
        credential.secret = CredentialSecret::Password(PasswordCredential {
            hash: format!("plain:{password}"),
            must_change: false,
            history: Vec::new(),
        });
        credential.set_at = self.now();
        self.commit(vec![Change::Credential(Write::Put(credential))])
            .await;
    }

    /// Sets another password while the next one typed is worked on.
    fn reset_meanwhile(&self, user: UserId, hash: &'static str) {
        let world = self.clone();
        let reset = async move {
            let held = world.provider.records.credentials(user).await.unwrap();
            let mut credential = held.into_iter().find(|c| c.password().is_some()).unwrap();
            let (hash, history) = (hash.to_owned(), Vec::new());
            let must_change = false;
            let password = PasswordCredential {
                hash,
                must_change,
                history,
            };
            credential.secret = CredentialSecret::Password(password);
            world
                .commit(vec![Change::Credential(Write::Put(credential))])
                .await;
        };
        *self.passwords.meanwhile.lock().unwrap() = Some(Box::pin(reset));
    }

    async fn edit_user(&self, name: &str, change: impl FnOnce(&mut User)) {
        let found = self.provider.records.user(sample::user(name).id).await;
        let mut user = found.unwrap().unwrap();
        change(&mut user);
        self.commit(vec![Change::User(Write::Put(user))]).await;
    }

    async fn disable(&self, name: &str) {
        use crate::model::user::AccountState::Disabled;
        let state = Disabled {
            at: after(0),
            why: String::new(),
        };
        self.edit_user(name, |user| user.state = state).await;
    }

    /// Delivers what is due; answers how many receivers had their turn.
    async fn deliver(&self) -> usize {
        let turns = self.provider.lease_deliveries(self.now()).await.unwrap();
        let receivers = turns.len();
        for turn in turns {
            let contexts = || Ok(self.context());
            self.provider.deliver(turn, contexts).await.unwrap();
        }
        receivers
    }

    /// Lets time pass.
    fn wait(&self, seconds: i64) {
        self.seconds.fetch_add(seconds, Ordering::SeqCst);
    }

    fn now(&self) -> Timestamp {
        after(self.seconds.load(Ordering::SeqCst))
    }

    fn context(&self) -> RequestContext {
        self.context_from("203.0.113.7")
    }

    fn context_from(&self, source: &str) -> RequestContext {
        let seed = self.seeds.fetch_add(1, Ordering::SeqCst);
        let mut bytes = [9; 32];
        bytes[..8].copy_from_slice(&seed.to_be_bytes());
        RequestContext {
            here: Circumstances::of_system(IssuerKey::main(), self.now()),
            entropy: Entropy::from_seed(&bytes),
            source: source.to_owned(),
        }
    }

    /// A browser that nobody signed in with.
    fn browser(&self) -> Visitor {
        let secret = SecretText::generate(&mut self.context().entropy);
        Visitor {
            browser: Browser::new(secret),
            session: None,
            device: None,
            embedded: false,
        }
    }

    async fn sign_in(
        &self,
        visitor: &Visitor,
        name: &str,
        password: &str,
    ) -> Result<NewSession, Failure> {
        self.provider
            .sign_in(&typed(name, password), visitor, &mut self.context())
            .await
            .map(|signed_in| signed_in.begun)
    }

    /// The browser after signing in.
    async fn after_sign_in(&self, visitor: &Visitor, name: &str) -> Visitor {
        let session = self.sign_in(visitor, name, PASSWORD).await.unwrap();
        Visitor {
            session: Some(session.secret),
            ..visitor.clone()
        }
    }

    /// A browser in which somebody is signed in.
    async fn signed_in(&self, name: &str) -> Visitor {
        self.after_sign_in(&self.browser(), name).await
    }

    /// The good request with some parameters added or replaced.
    async fn authorize(
        &self,
        visitor: &Visitor,
        changed: &[(&str, &str)],
    ) -> Result<AuthorizeReply, Failure> {
        self.authorize_in(visitor, changed, &mut self.context())
            .await
    }

    async fn authorize_in(
        &self,
        visitor: &Visitor,
        changed: &[(&str, &str)],
        context: &mut RequestContext,
    ) -> Result<AuthorizeReply, Failure> {
        let good = [
            ("client_id", "app"),
            ("response_type", "code"),
            ("redirect_uri", REDIRECT),
            ("scope", "openid profile roles unit"),
            ("state", "của tôi"),
            ("code_challenge", CHALLENGE),
            ("code_challenge_method", "S256"),
        ];
        let kept = good
            .iter()
            .filter(|(name, _)| !changed.iter().any(|(other, _)| other == name));
        let pairs: Vec<_> = kept.chain(changed).copied().collect();
        self.provider
            .authorize(&parameters(&pairs), visitor, context)
            .await
    }

    async fn resume(
        &self,
        visitor: &Visitor,
        waiting: &SecretText,
    ) -> Result<AuthorizeReply, Failure> {
        self.provider
            .resume(waiting, visitor, &mut self.context())
            .await
    }

    /// A code for the person signed in.
    async fn code(&self, visitor: &Visitor, changed: &[(&str, &str)]) -> String {
        match self.authorize(visitor, changed).await.unwrap() {
            // A grant that outlives the session is asked for.
            AuthorizeReply::Ask(question) if question.interaction == Interaction::Consent => {
                self.approve(visitor, &question.waiting).await;
                code_of(&self.resume(visitor, &question.waiting).await.unwrap())
            }
            reply => code_of(&reply),
        }
    }

    /// Whoever is signed in agrees on the page that is shown to them.
    async fn approve(&self, visitor: &Visitor, waiting: &SecretText) {
        let session = visitor.session.as_ref();
        let live = self.provider.live_session(session, self.now()).await;
        let person = live.unwrap().unwrap().user.id;
        let form = ConsentForm {
            waiting: waiting.clone(),
            person: Some(visitor.browser.person_token(person)),
        };
        let mut context = self.context();
        let approved = self.provider.approve(&form, visitor, &mut context);
        approved.await.unwrap();
    }

    async fn token(&self, body: &[(&str, &str)]) -> Result<Map<String, Value>, Failure> {
        let basic = basic("app", SECRET);
        self.provider
            .token(Some(basic.as_str()), &parameters(body), &mut self.context())
            .await
    }

    async fn redeem(&self, code: &str) -> Result<Map<String, Value>, Failure> {
        self.token(&[
            ("grant_type", "authorization_code"),
            ("code", code),
            ("redirect_uri", REDIRECT),
            ("code_verifier", VERIFIER),
        ])
        .await
    }

    /// The tokens of a fresh code.
    async fn tokens(&self, visitor: &Visitor, changed: &[(&str, &str)]) -> Map<String, Value> {
        let code = self.code(visitor, changed).await;
        self.redeem(&code).await.unwrap()
    }

    async fn refresh(&self, token: &Value) -> Result<Map<String, Value>, Failure> {
        let token = token.as_str().unwrap();
        self.token(&[("grant_type", "refresh_token"), ("refresh_token", token)])
            .await
    }

    async fn userinfo(&self, tokens: &Map<String, Value>) -> Result<Map<String, Value>, Failure> {
        match self.userinfo_answer(tokens).await? {
            UserinfoAnswer::Json(claims) => Ok(claims),
            UserinfoAnswer::Jwt(jwt) => panic!("not plain: {jwt}"),
        }
    }

    async fn userinfo_answer(
        &self,
        tokens: &Map<String, Value>,
    ) -> Result<UserinfoAnswer, Failure> {
        let header = format!("Bearer {}", tokens["access_token"].as_str().unwrap());
        let (body, mut context) = (parameters(&[]), self.context());
        let answer = self
            .provider
            .userinfo(Some(header.as_str()), &body, &mut context);
        answer.await
    }

    /// What a client with the secret is told about a token.
    async fn introspect(&self, client: &str, token: &Value) -> Value {
        let body = parameters(&[("token", token.as_str().unwrap())]);
        let basic = basic(client, SECRET);
        self.provider
            .introspect(Some(basic.as_str()), &body, &self.context())
            .await
            .unwrap()
            .into()
    }

    async fn revoke(&self, client: &str, token: &Value) {
        let body = parameters(&[("token", token.as_str().unwrap())]);
        let basic = basic(client, SECRET);
        self.provider
            .revoke(Some(basic.as_str()), &body, &mut self.context())
            .await
            .unwrap();
    }

    /// The names of the events so far.
    async fn events(&self) -> Vec<String> {
        let stored = self.provider.records.events_after(0, 1000).await.unwrap();
        let name = |body: &str| {
            let body: Value = serde_json::from_str(body).unwrap();
            body["event"].as_str().unwrap().to_owned()
        };
        stored.iter().map(|event| name(&event.body)).collect()
    }
}

/// A world with `an` signed in.
async fn begun() -> (World, Visitor) {
    let world = World::new().await;
    let visitor = world.signed_in("an").await;
    (world, visitor)
}

/// All that is told about a token that does not count.
fn inactive() -> Value {
    json!({"active": false})
}

fn typed(name: &str, password: &str) -> Typed {
    Typed {
        name: name.to_owned(),
        request: SignInRequest {
            password: SecretText::new(password.to_owned()),
            user_agent: "trình duyệt".to_owned(),
        },
    }
}

fn basic(id: &str, secret: &str) -> String {
    use base64::Engine;
    let encode =
        |text: &str| -> String { url::form_urlencoded::byte_serialize(text.as_bytes()).collect() };
    let both = format!("{}:{}", encode(id), encode(secret));
    format!(
        "Basic {}",
        base64::engine::general_purpose::STANDARD.encode(both)
    )
}

/// The reason of a refusal; the answer must be one.
fn refused<T: std::fmt::Debug>(answer: Result<T, Failure>) -> Reason {
    match answer {
        Err(Failure::Refused(refusal)) => refusal.reason,
        other => panic!("not refused: {other:?}"),
    }
}

/// The question asked, with the secret of the waiting request.
fn asked(reply: Result<AuthorizeReply, Failure>) -> (Interaction, SecretText) {
    match reply {
        Ok(AuthorizeReply::Ask(question)) => (question.interaction, question.waiting),
        other => panic!("nothing asked: {other:?}"),
    }
}

/// What an answer in a query added to the redirect address.
fn answered(answer: &Answer) -> BTreeMap<String, String> {
    let Answer::Redirect(address) = answer else {
        panic!("a form: {answer:?}");
    };
    assert!(address.starts_with(&format!("{REDIRECT}&")), "{address}");
    let query = url::Url::parse(address).unwrap();
    query.query_pairs().into_owned().collect()
}

fn redirect_of(reply: &AuthorizeReply) -> BTreeMap<String, String> {
    match reply {
        AuthorizeReply::Answered(answer) | AuthorizeReply::Refused(answer, _) => answered(answer),
        AuthorizeReply::Ask(question) => panic!("asked {question:?}"),
    }
}

fn code_of(reply: &AuthorizeReply) -> String {
    let members = redirect_of(reply);
    members
        .get("code")
        .unwrap_or_else(|| panic!("no code: {members:?}"))
        .clone()
}

/// The reason in a redirected error.
fn error_of(reply: Result<AuthorizeReply, Failure>) -> (String, String) {
    let members = redirect_of(&reply.unwrap());
    (
        members["error"].clone(),
        members["error_description"].clone(),
    )
}

/// The claims of a token, whoever signed it.
fn claims(token: &Value) -> Value {
    let jws = CompactJws::parse(token.as_str().unwrap(), 16 * 1024).unwrap();
    serde_json::from_slice(jws.unverified_payload()).unwrap()
}
