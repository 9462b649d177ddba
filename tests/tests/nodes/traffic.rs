//! A steady stream of what people and applications do, each answer written down: sign-ins, codes
//! within a session, refreshes, tokens of services.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use idp_tests::agent::{encode, fields};
use idp_tests::people::People;
use idp_tests::relying_party::filled;
use idp_tests::{Agent, Answer, Callback, RelyingParty, User, jwt};
use tokio::task::JoinHandle;
use url::Url;

use super::province::Province;

/// What the stream does, all the time.
const KINDS: [&str; 4] = ["sign-in", "code", "refresh", "service"];
/// Within this long an exchanged refresh token is exchanged for the same again.
const GRACE: Duration = Duration::from_secs(10);
/// Sessions that are tried again at the end.
const MOST_SESSIONS: usize = 60;

/// One answer, as its client saw it.
#[derive(Debug)]
pub(super) struct Seen {
    pub(super) kind: &'static str,
    /// When the journey began that it belongs to.
    pub(super) journey: Instant,
    pub(super) began: Instant,
    pub(super) ended: Instant,
    /// 0 when no whole answer came.
    pub(super) status: u16,
    /// Whether it was the wanted answer.
    pub(super) good: bool,
    /// The error code, or what else was wrong.
    pub(super) why: String,
}

/// What callers were told is done.
#[derive(Default)]
pub(super) struct Acknowledged {
    /// Requests whose answer carried tokens, or told of a sign-in.
    pub(super) requests: BTreeSet<String>,
    /// Grants that tokens were issued under.
    pub(super) grants: BTreeSet<String>,
    /// Browsers that were signed in.
    pub(super) sessions: Vec<Agent>,
}

#[derive(Default)]
struct Shared {
    seen: Mutex<Vec<Seen>>,
    acknowledged: Mutex<Acknowledged>,
    stop: AtomicBool,
    people: AtomicUsize,
}

impl Shared {
    /// Keeps what an answer said is done.
    fn tell(&self, answer: &Answer, grant: Option<String>) {
        let mut told = self.acknowledged.lock().expect("unpoisoned");
        told.requests
            .insert(answer.header("x-request-id").to_owned());
        told.grants.extend(grant);
    }
}

/// The running stream.
pub(super) struct Traffic {
    shared: Arc<Shared>,
    workers: Vec<JoinHandle<()>>,
}

impl Traffic {
    /// Begins two of each kind.
    pub(super) async fn start(province: &Province) -> Self {
        let shared = Arc::new(Shared::default());
        let mut workers = Vec::new();
        let founded = &province.founded;
        for number in 0..2 {
            let party = Arc::new(founded.party(number).await);
            let people = founded.people.clone();
            let sign_in = SignIn {
                party: Arc::clone(&party),
                people: people.clone(),
            };
            workers.push(sign_in.run(&shared, 100));
            let mut agent = Agent::new();
            party.sign_in(&mut agent, &people.person(number)).await;
            let code = Code {
                party: Arc::clone(&party),
                agent,
            };
            workers.push(code.run(&shared, 60));
            let person = people.person(number + 2);
            let tokens = party.sign_in(&mut Agent::new(), &person).await;
            let refresh = Refresh {
                party,
                person,
                token: tokens.text("refresh_token"),
                unsure: None,
            };
            workers.push(refresh.run(&shared, 100));
            let service = Service(founded.service(number).await);
            workers.push(service.run(&shared, 60));
        }
        Self { shared, workers }
    }

    /// Waits until something of every kind that began after `since` succeeded.
    pub(super) async fn flows_again(&self, since: Instant) {
        let begun = Instant::now();
        loop {
            let mut good: BTreeMap<&str, usize> = BTreeMap::new();
            for seen in self.shared.seen.lock().expect("unpoisoned").iter() {
                if seen.good && seen.journey > since {
                    *good.entry(seen.kind).or_default() += 1;
                }
            }
            if KINDS.iter().all(|kind| good.contains_key(kind)) {
                return;
            }
            assert!(begun.elapsed() < Duration::from_secs(20), "only {good:?}");
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }

    /// Ends the stream and answers all that was seen and told.
    pub(super) async fn end(self) -> (Vec<Seen>, Acknowledged) {
        self.shared.stop.store(true, Ordering::Relaxed);
        for worker in self.workers {
            worker.await.expect("a worker");
        }
        let seen = std::mem::take(&mut *self.shared.seen.lock().expect("unpoisoned"));
        let told = std::mem::take(&mut *self.shared.acknowledged.lock().expect("unpoisoned"));
        (seen, told)
    }
}

/// One thing that is done again and again.
trait Worker: Sized + Send + 'static {
    fn once(&mut self, shared: &Shared) -> impl Future<Output = Option<()>> + Send;

    /// Does it until the stream ends, with so many milliseconds in between.
    fn run(mut self, shared: &Arc<Shared>, pause: u64) -> JoinHandle<()> {
        let shared = Arc::clone(shared);
        tokio::spawn(async move {
            while !shared.stop.load(Ordering::Relaxed) {
                self.once(&shared).await;
                tokio::time::sleep(Duration::from_millis(pause)).await;
            }
        })
    }
}

/// What belongs together: the answers of one sign-in, one code, one attempt.
struct Journey<'a> {
    shared: &'a Shared,
    kind: &'static str,
    journey: Instant,
}

impl<'a> Journey<'a> {
    fn begin(shared: &'a Shared, kind: &'static str) -> Self {
        let journey = Instant::now();
        Self {
            shared,
            kind,
            journey,
        }
    }

    fn write(&self, began: Instant, status: u16, why: Option<String>) {
        let seen = Seen {
            kind: self.kind,
            journey: self.journey,
            began,
            ended: Instant::now(),
            status,
            good: why.is_none(),
            why: why.unwrap_or_default(),
        };
        self.shared.seen.lock().expect("unpoisoned").push(seen);
    }

    /// Writes an answer down, and passes it on when it is a good one.
    fn note(&self, began: Instant, answer: Option<Answer>) -> Option<Answer> {
        let status = answer.as_ref().map_or(0, |answer| answer.status);
        let good = (200..400).contains(&status);
        let why = || answer.as_ref().map(complaint).unwrap_or_default();
        self.write(began, status, (!good).then(why));
        answer.filter(|_| good)
    }

    async fn open(&self, agent: &mut Agent, url: &Url) -> Option<Answer> {
        let began = Instant::now();
        let answer = agent.try_fetch(url).await;
        let answer = self.note(began, answer)?;
        self.follow(agent, answer).await
    }

    async fn follow(&self, agent: &mut Agent, mut answer: Answer) -> Option<Answer> {
        let origin = answer.url.origin();
        while let Some(next) = answer.location().filter(|next| next.origin() == origin) {
            let began = Instant::now();
            let fetched = agent.try_fetch(&next).await;
            answer = self.note(began, fetched)?;
        }
        Some(answer)
    }

    /// The code that an authorization ended with; a page instead is a journey that went wrong.
    fn code(&self, answer: &Answer) -> Option<String> {
        let callback = answer.location().map(|url| Callback { url });
        let code = callback.map(|callback| callback.parameter("code"));
        let code = code.filter(|code| !code.is_empty());
        if code.is_none() {
            let asked = format!("no code: {} {}", answer.url.path(), complaint(answer));
            self.write(self.journey, 401, Some(asked));
        }
        code
    }

    async fn ask(&self, party: &RelyingParty, form: &[(&str, &str)]) -> Option<Answer> {
        let began = Instant::now();
        let authorization = party.basic();
        let headers = [("authorization", authorization.as_str())];
        let answer = party.try_ask("token_endpoint", &headers, encode(&fields(form)));
        let answer = self.note(began, answer.await.ok())?;
        self.shared.tell(&answer, grant_of(&answer));
        Some(answer)
    }

    async fn redeem(&self, party: &RelyingParty, code: &str, verifier: &str) -> Option<Answer> {
        let redirect_uri = party.application.redirect_uri.as_str();
        let form = [
            ("grant_type", "authorization_code"),
            ("code", code),
            ("redirect_uri", redirect_uri),
            ("code_verifier", verifier),
        ];
        self.ask(party, &form).await
    }
}

/// What a refusing answer says; whether 503 is told as the protocol wants it.
fn complaint(answer: &Answer) -> String {
    let error = answer.oauth_error();
    let of_node = !answer.header("x-request-id").is_empty();
    let unclear = error == "temporarily_unavailable" && answer.header("retry-after").is_empty();
    match (error.is_empty(), of_node) {
        _ if unclear => "no Retry-After".to_owned(),
        (false, _) => error,
        (true, true) => format!("page at {}", answer.url.path()),
        (true, false) => "balancer".to_owned(),
    }
}

/// The grant that an access token names in its `jti`; none for a service's own.
fn grant_of(answer: &Answer) -> Option<String> {
    let token = answer.json()["access_token"].as_str()?.to_owned();
    let claims = jwt::unverified(&token);
    let (grant, _) = claims["jti"].as_str()?.split_once('.')?;
    Some(grant.to_owned())
}

/// The whole way in a browser: page, password, code, tokens.
async fn sign_in(
    journey: &Journey<'_>,
    party: &RelyingParty,
    agent: &mut Agent,
    person: &User,
) -> Option<Answer> {
    let request = party.request();
    let page = journey
        .open(agent, &party.authorization_url(&request))
        .await?;
    let typed = [
        ("username", person.username.as_str()),
        ("password", &person.password),
    ];
    let (target, form) = filled(&page, "sign-in", &typed);
    let began = Instant::now();
    let answer = agent.try_submit(&target, &form).await;
    let answer = journey.note(began, answer)?;
    journey.shared.tell(&answer, None);
    let answer = journey.follow(agent, answer).await?;
    let code = journey.code(&answer)?;
    journey.redeem(party, &code, &request.pkce.verifier).await
}

/// People in new browsers: page, password, code, tokens.
struct SignIn {
    party: Arc<RelyingParty>,
    people: People,
}

impl Worker for SignIn {
    async fn once(&mut self, shared: &Shared) -> Option<()> {
        let journey = Journey::begin(shared, "sign-in");
        let number = shared.people.fetch_add(1, Ordering::Relaxed);
        let mut agent = Agent::new();
        let person = self.people.person(number);
        sign_in(&journey, &self.party, &mut agent, &person).await?;
        let mut told = shared.acknowledged.lock().expect("unpoisoned");
        if told.sessions.len() < MOST_SESSIONS {
            told.sessions.push(agent);
        }
        Some(())
    }
}

/// One signed-in browser that visits its application again and again.
struct Code {
    party: Arc<RelyingParty>,
    agent: Agent,
}

impl Worker for Code {
    async fn once(&mut self, shared: &Shared) -> Option<()> {
        let journey = Journey::begin(shared, "code");
        let request = self.party.request();
        let url = self.party.authorization_url(&request);
        let answer = journey.open(&mut self.agent, &url).await?;
        let code = journey.code(&answer)?;
        let verifier = &request.pkce.verifier;
        journey.redeem(&self.party, &code, verifier).await.map(drop)
    }
}

/// A chain of refresh tokens.
struct Refresh {
    party: Arc<RelyingParty>,
    person: User,
    token: String,
    /// Since when nobody knows whether the token was exchanged.
    unsure: Option<Instant>,
}

impl Worker for Refresh {
    async fn once(&mut self, shared: &Shared) -> Option<()> {
        let mut journey = Journey::begin(shared, "refresh");
        if let Some(since) = self.unsure {
            journey.journey = since;
        }
        let form = [
            ("grant_type", "refresh_token"),
            ("refresh_token", self.token.as_str()),
        ];
        if let Some(answer) = journey.ask(&self.party, &form).await {
            self.unsure = None;
            self.token = refresh_token(&answer);
            return Some(());
        }
        let since = *self.unsure.get_or_insert(journey.journey);
        if since.elapsed() > GRACE {
            // An exchange whose answer was lost and that is repeated later ends the grant, as after
            // a theft: the person comes again.
            let answer = sign_in(&journey, &self.party, &mut Agent::new(), &self.person).await?;
            self.token = refresh_token(&answer);
            self.unsure = None;
        }
        None
    }
}

fn refresh_token(answer: &Answer) -> String {
    let token = answer.json()["refresh_token"].as_str().map(str::to_owned);
    token.expect("a refresh token")
}

/// Tokens of a service's own.
struct Service(RelyingParty);

impl Worker for Service {
    async fn once(&mut self, shared: &Shared) -> Option<()> {
        let journey = Journey::begin(shared, "service");
        let form = [("grant_type", "client_credentials")];
        journey.ask(&self.0, &form).await.map(drop)
    }
}
