//! A relying party written from the specifications alone, with every parameter in the test's hand.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use reqwest::Method;
use serde_json::Value;
use url::Url;

use crate::agent::{encode, fields};
use crate::request::{Pkce, Request, random};
use crate::world::{Application, User, World};
use crate::{Agent, Answer, jwt};

/// What the provider brought back to the redirect URI.
#[derive(Debug, Clone)]
pub struct Callback {
    /// The whole address.
    pub url: Url,
}

impl Callback {
    /// One parameter of the response, or the empty string.
    pub fn parameter(&self, name: &str) -> String {
        let mut pairs = self.url.query_pairs();
        pairs
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.into_owned())
            .unwrap_or_default()
    }

    /// The authorization code.
    pub fn code(&self) -> String {
        let code = self.parameter("code");
        assert!(!code.is_empty(), "no code in {}", self.url);
        code
    }
}

/// A successful token answer.
#[derive(Debug, Clone)]
pub struct Tokens {
    /// The whole JSON object.
    pub body: Value,
}

impl Tokens {
    /// A text member, or the empty string.
    pub fn text(&self, name: &str) -> String {
        self.body[name].as_str().unwrap_or_default().to_owned()
    }
}

/// One registered client and the provider's metadata.
pub struct RelyingParty {
    /// The client and its secret.
    pub application: Application,
    /// The discovery document.
    pub metadata: Value,
    /// The issuer.
    pub issuer: Url,
    http: reqwest::Client,
}

impl RelyingParty {
    /// The application at `index` of this world, after discovery.
    pub async fn of(world: &World, index: usize) -> Self {
        Self::at(&world.issuer_url(), world.applications[index].clone()).await
    }

    /// A client registered otherwise, after discovery.
    pub async fn at(issuer: &Url, application: Application) -> Self {
        let base = issuer.as_str().trim_end_matches('/');
        let address = Url::parse(&format!("{base}/.well-known/openid-configuration"));
        let metadata = Agent::new()
            .fetch(&address.expect("an address"))
            .await
            .json();
        let http = crate::agent::http_client();
        Self {
            application,
            metadata,
            issuer: issuer.clone(),
            http,
        }
    }

    /// An endpoint's address by its metadata name.
    pub fn endpoint(&self, name: &str) -> Url {
        let text = self.metadata[name]
            .as_str()
            .unwrap_or_else(|| panic!("no {name}"));
        Url::parse(text).unwrap_or_else(|_| panic!("{name} is no address: {text}"))
    }

    /// A plain request for a code, with PKCE, `state`, `nonce` and the usual scopes.
    pub fn request(&self) -> Request {
        let (pkce, state, nonce) = (Pkce::new(), random(), random());
        let parameters = fields(&[
            ("response_type", "code"),
            ("client_id", &self.application.client_id),
            ("redirect_uri", self.application.redirect_uri.as_str()),
            ("scope", "openid profile email roles unit"),
            ("state", &state),
            ("nonce", &nonce),
            ("code_challenge", &pkce.challenge),
            ("code_challenge_method", "S256"),
        ]);
        Request {
            parameters,
            pkce,
            state,
            nonce,
        }
    }

    /// The address of an authorization request.
    pub fn authorization_url(&self, request: &Request) -> Url {
        let mut url = self.endpoint("authorization_endpoint");
        url.query_pairs_mut().extend_pairs(&request.parameters);
        url
    }

    /// Opens the authorization address and follows redirects inside the provider: the sign-in page,
    /// an error page, or the redirect that leaves for the client.
    pub async fn open(&self, agent: &mut Agent, request: &Request) -> Answer {
        let first = agent.fetch(&self.authorization_url(request)).await;
        agent.follow_within(&self.issuer, first).await
    }

    /// Walks from the authorization request to the callback, signing `user` in where asked.
    ///
    /// # Panics
    /// When the provider shows a page that is neither sign-in, choice of position nor consent.
    pub async fn authorize(&self, agent: &mut Agent, request: &Request, user: &User) -> Callback {
        self.authorize_at(agent, &self.authorization_url(request), user)
            .await
    }

    /// The same from an address that somebody else made.
    ///
    /// # Panics
    /// As [`RelyingParty::authorize`].
    pub async fn authorize_at(&self, agent: &mut Agent, url: &Url, user: &User) -> Callback {
        let first = agent.fetch(url).await;
        let mut answer = agent.follow_within(&self.issuer, first).await;
        for _ in 0..5 {
            if let Some(url) = answer.location().filter(|_| answer.is_redirect()) {
                return Callback { url };
            }
            let page = answer.page();
            let (button, typed) = if page.has("username") {
                (
                    "sign-in",
                    vec![
                        ("username", user.username.as_str()),
                        ("password", &user.password),
                    ],
                )
            } else if page.has("choose-position") {
                ("choose-position", Vec::new())
            } else if page.has("approve") {
                ("approve", Vec::new())
            } else {
                panic!(
                    "status {} at {}:\n{}",
                    answer.status, answer.url, answer.body
                );
            };
            answer = self.press(agent, &answer, button, &typed).await;
        }
        panic!("the provider keeps asking; last at {}", answer.url);
    }

    /// Fills the form that holds `button` (by ids) and presses it; follows inside the provider.
    pub async fn press(
        &self,
        agent: &mut Agent,
        page: &Answer,
        button: &str,
        typed: &[(&str, &str)],
    ) -> Answer {
        let (target, fields) = filled(page, button, typed);
        let answer = agent.submit(&target, &fields).await;
        agent.follow_within(&self.issuer, answer).await
    }

    /// A request to an endpoint with the client's secret in the `Authorization` field.
    pub async fn ask(&self, endpoint: &str, parameters: &[(&str, &str)]) -> Answer {
        let authorization = self.basic();
        self.ask_raw(
            endpoint,
            &[("authorization", &authorization)],
            encode(&fields(parameters)),
        )
        .await
    }

    /// A form request to an endpoint with exactly these header fields and this body.
    ///
    /// # Panics
    /// When no answer comes.
    pub async fn ask_raw(&self, endpoint: &str, headers: &[(&str, &str)], body: String) -> Answer {
        self.try_ask(endpoint, headers, body)
            .await
            .expect("an answer")
    }

    /// As [`Self::ask_raw`], for a server that may end the connection.
    ///
    /// # Errors
    /// When no whole answer comes.
    pub async fn try_ask(
        &self,
        endpoint: &str,
        headers: &[(&str, &str)],
        body: String,
    ) -> reqwest::Result<Answer> {
        let url = self.endpoint(endpoint);
        let mut request = self.http.request(Method::POST, url.clone());
        if !headers.iter().any(|(name, _)| *name == "content-type") {
            request = request.header("content-type", "application/x-www-form-urlencoded");
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let response = request.body(body).send().await?;
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let body = response.text().await?;
        Ok(Answer {
            status,
            headers,
            body,
            url,
        })
    }

    /// The `Authorization` value of `client_secret_basic` (RFC 6749 §2.3.1).
    pub fn basic(&self) -> String {
        let form =
            |text: &str| url::form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
        let pair = format!(
            "{}:{}",
            form(&self.application.client_id),
            form(&self.application.client_secret)
        );
        format!("Basic {}", STANDARD.encode(pair))
    }

    /// Redeems a code.
    ///
    /// # Panics
    /// When no answer comes.
    pub async fn redeem(&self, code: &str, verifier: &str) -> Answer {
        self.try_redeem(code, verifier).await.expect("an answer")
    }

    /// Redeems a code; `None` when no whole answer comes.
    pub async fn try_redeem(&self, code: &str, verifier: &str) -> Option<Answer> {
        let body = encode(&fields(&[
            ("grant_type", "authorization_code"),
            ("code", code),
            ("redirect_uri", self.application.redirect_uri.as_str()),
            ("code_verifier", verifier),
        ]));
        let authorization = self.basic();
        self.try_ask("token_endpoint", &[("authorization", &authorization)], body)
            .await
            .ok()
    }

    /// Uses a refresh token.
    pub async fn refresh(&self, token: &str) -> Answer {
        let parameters = [("grant_type", "refresh_token"), ("refresh_token", token)];
        self.ask("token_endpoint", &parameters).await
    }

    /// The introspection answer for a token.
    pub async fn introspect(&self, token: &str) -> Value {
        let answer = self
            .ask("introspection_endpoint", &[("token", token)])
            .await;
        assert_eq!(answer.status, 200, "introspection: {}", answer.body);
        answer.json()
    }

    /// `GET` of the userinfo endpoint with this access token.
    pub async fn userinfo(&self, access_token: &str) -> Answer {
        let headers = [("authorization".to_owned(), format!("Bearer {access_token}"))];
        let url = self.endpoint("userinfo_endpoint");
        Agent::new().send(Method::GET, &url, &headers, None).await
    }

    /// The published keys.
    pub async fn keys(&self) -> Value {
        Agent::new().fetch(&self.endpoint("jwks_uri")).await.json()
    }

    /// The whole way: a code for `user`, redeemed.
    pub async fn sign_in(&self, agent: &mut Agent, user: &User) -> Tokens {
        self.sign_in_with(agent, &self.request(), user).await
    }

    /// The whole way with a request of the test's making.
    pub async fn sign_in_with(&self, agent: &mut Agent, request: &Request, user: &User) -> Tokens {
        let callback = self.authorize(agent, request, user).await;
        assert_eq!(
            callback.parameter("state"),
            request.state,
            "{}",
            callback.url
        );
        let answer = self.redeem(&callback.code(), &request.pkce.verifier).await;
        assert_eq!(answer.status, 200, "token: {}", answer.body);
        Tokens {
            body: answer.json(),
        }
    }

    /// The verified claims of an ID Token issued to this client.
    pub async fn id_token(&self, tokens: &Tokens) -> Value {
        let issuer = self.metadata["issuer"].as_str().expect("an issuer");
        let audience = Some(self.application.client_id.as_str());
        jwt::verified(
            &tokens.text("id_token"),
            &self.keys().await,
            issuer,
            audience,
        )
    }
}

/// Where a form goes and what it sends when `button` is pressed, text typed into controls by id.
pub fn filled(page: &Answer, button: &str, typed: &[(&str, &str)]) -> (Url, Vec<(String, String)>) {
    let parsed = page.page();
    let form = parsed
        .form_with(button)
        .unwrap_or_else(|| panic!("no form with #{button} at {}:\n{}", page.url, page.body));
    let mut fields = form.fields(button);
    for (id, text) in typed {
        let name = form
            .name_of(id)
            .unwrap_or_else(|| panic!("no field #{id}"))
            .to_owned();
        fields.retain(|(key, _)| *key != name);
        fields.push((name, (*text).to_owned()));
    }
    let target = page.url.join(&form.action).expect("a form's action");
    (target, fields)
}
