//! What both sides are told of each other: clients here, the plan's configuration there.

use std::path::Path;

use serde_json::{Map, Value, json};

use super::browser::{automation, page};
use super::keys::{self, ClientKey};
use super::plan::{self, ClientKind, LogoutChannel, Plan, Variant};
use super::provider::Provider;
use super::suite::Suite;
use super::{Outcome, Trouble};

/// What the clients may ask for.
const SCOPES: [&str; 6] = [
    "openid",
    "profile",
    "email",
    "address",
    "phone",
    "offline_access",
];
/// What FAPI clients ask for.
const FAPI_SCOPE: &str = "openid profile";

/// One run of a plan.
pub struct Setting<'a> {
    /// The suite.
    pub suite: &'a Suite,
    /// The provider.
    pub provider: &'a Provider,
    /// The plan.
    pub plan: &'a Plan,
    /// With which variant.
    pub variant: &'a Variant,
    /// What the callback addresses are called.
    pub alias: &'a str,
}

/// A client that was registered, as the suite has to know it.
struct Registered {
    id: String,
    secret: Option<String>,
    key: Option<ClientKey>,
}

impl Registered {
    fn as_value(&self, dpop: bool) -> Value {
        let mut members = Map::new();
        members.insert("client_id".to_owned(), self.id.clone().into());
        if let Some(secret) = &self.secret {
            members.insert("client_secret".to_owned(), secret.clone().into());
        }
        if let Some(key) = &self.key {
            let jwks = json!({"keys": [key.private_jwk]});
            members.insert("jwks".to_owned(), jwks);
            members.insert("scope".to_owned(), FAPI_SCOPE.into());
        }
        if dpop {
            members.insert("dpop_signing_alg".to_owned(), "ES256".into());
        }
        Value::Object(members)
    }
}

impl Setting<'_> {
    /// Registers the clients and writes the configuration of the plan.
    ///
    /// # Errors
    /// The refusal of `idp client add`: a feature that this binary does not have.
    pub fn configuration(&self) -> Outcome<Value> {
        let mut value = json!({
            "alias": self.alias,
            "description": format!("{} {}", self.plan.name, plan::shown(self.variant)),
            "server": {
                "discoveryUrl": format!("{}/.well-known/openid-configuration", self.provider.issuer()),
                "login_hint": self.provider.person.username,
            },
            "resource": {"resourceUrl": format!("{}/userinfo", self.provider.issuer())},
            "browser": self.rules(),
            "override": self.overrides()?,
        });
        let clients = match self.plan.client {
            ClientKind::Dynamic => Vec::new(),
            ClientKind::Openid => self.openid_clients()?,
            ClientKind::Fapi2 => self.fapi_clients()?,
        };
        if let Some(members) = value.as_object_mut() {
            members.extend(clients);
        }
        Ok(value)
    }

    /// The browser automation of every module that says nothing else.
    pub fn rules(&self) -> Vec<Value> {
        let callbacks = self.at("/");
        automation(self.provider.issuer(), &callbacks, &self.provider.person)
    }

    /// The rules of the modules that end on a page of ours.
    fn overrides(&self) -> Outcome<Value> {
        let mut overrides = Map::new();
        for pages in plan::pages()? {
            let own = page(self.provider.issuer(), &pages.path, &pages.shows);
            let others = self.rules().into_iter();
            let others = others.filter(|rule| rule.get("match") != own.get("match"));
            let rules: Vec<Value> = std::iter::once(own.clone()).chain(others).collect();
            for module in pages.modules {
                overrides.insert(module, json!({"browser": rules}));
            }
        }
        Ok(Value::Object(overrides))
    }

    /// An address of this run at the suite.
    fn at(&self, path: &str) -> String {
        format!("{}/test/a/{}{path}", self.suite.base(), self.alias)
    }

    fn has(&self, name: &str, value: &str) -> bool {
        self.variant.get(name).is_some_and(|chosen| chosen == value)
    }

    fn openid_clients(&self) -> Outcome<Vec<(String, Value)>> {
        let mut clients = Vec::new();
        for (member, method) in [
            ("client", "client_secret_basic"),
            ("client2", "client_secret_basic"),
            ("client_secret_post", "client_secret_post"),
        ] {
            let mut arguments = self.common("/callback");
            arguments
                .extend(["--auth-method", method, "--id-token-alg", "RS256"].map(str::to_owned));
            arguments.extend(
                SCOPES
                    .iter()
                    .flat_map(|s| ["--scope".to_owned(), (*s).to_owned()]),
            );
            arguments.extend(self.grant_types());
            let registered = self.register(&arguments, None)?;
            clients.push((member.to_owned(), registered.as_value(false)));
        }
        Ok(clients)
    }

    /// The implicit grant type, where a response type of the plan brings tokens by itself.
    fn grant_types(&self) -> Vec<String> {
        let by_itself = |set: &String| set.starts_with("response_types=");
        let implicit = self.plan.sets.iter().any(by_itself);
        let types = ["authorization_code", "refresh_token"];
        let types = types.into_iter().chain(implicit.then_some("implicit"));
        types
            .flat_map(|name| ["--grant-type".to_owned(), name.to_owned()])
            .collect()
    }

    fn fapi_clients(&self) -> Outcome<Vec<(String, Value)>> {
        let dpop = self.has("sender_constrain", "dpop");
        let certificate = self.has("client_auth_type", "mtls");
        let mut clients = Vec::new();
        for (member, mtls, redirect) in [
            ("client", "mtls", "/callback"),
            // The suite plays the second client at an address with a query.
            ("client2", "mtls2", "/callback?dummy1=lorem&dummy2=ipsum"),
        ] {
            let key = keys::client(member)?;
            let jwks = json!({"keys": [key.public_jwk]}).to_string();
            let jwks = self.provider.file(&format!("{member}.jwks"), &jwks)?;
            let mut arguments = self.common(redirect);
            let method = if certificate {
                "self_signed_tls_client_auth"
            } else {
                "private_key_jwt"
            };
            arguments.extend(["--auth-method", method, "--jwks", &shown(&jwks)].map(str::to_owned));
            arguments.extend(["--id-token-alg", "ES256"].map(str::to_owned));
            let bound = if dpop {
                "dpop_bound_access_tokens=true"
            } else {
                "tls_client_certificate_bound_access_tokens=true"
            };
            for set in [bound, "require_pushed_authorization_requests=true"] {
                arguments.extend(["--set", set].map(str::to_owned));
            }
            let files = json!({"cert": key.files.certificate, "key": key.files.key});
            let registered = self.register(&arguments, Some(key))?;
            clients.push((member.to_owned(), registered.as_value(dpop)));
            clients.push((mtls.to_owned(), files));
        }
        Ok(clients)
    }

    /// The arguments that all clients of a plan have.
    fn common(&self, redirect: &str) -> Vec<String> {
        let addresses = [
            ("--redirect-uri", self.at(redirect)),
            (
                "--post-logout-redirect-uri",
                self.at("/post_logout_redirect"),
            ),
        ];
        let mut arguments: Vec<String> = addresses
            .into_iter()
            .flat_map(|(name, address)| [name.to_owned(), address])
            .collect();
        match self.plan.logout {
            Some(LogoutChannel::Backchannel) => {
                let address = self.at("/backchannel_logout");
                arguments.extend(["--backchannel-logout-uri".to_owned(), address]);
            }
            Some(LogoutChannel::Frontchannel) => {
                let set = format!(
                    "frontchannel_logout_uri={}",
                    self.at("/frontchannel_logout")
                );
                arguments.extend(["--set".to_owned(), set]);
            }
            None => {}
        }
        for set in &self.plan.sets {
            arguments.extend(["--set".to_owned(), set.clone()]);
        }
        arguments
    }

    fn register(&self, arguments: &[String], key: Option<ClientKey>) -> Outcome<Registered> {
        let mut all = vec!["client", "add", "--name", "Bộ kiểm thử tuân thủ"];
        all.extend(arguments.iter().map(String::as_str));
        let printed = self.provider.administer(&all)?;
        let text = |value: Option<&Value>| value.and_then(Value::as_str).map(str::to_owned);
        let id = text(printed.pointer("/client/client_id"));
        Ok(Registered {
            id: id.ok_or_else(|| Trouble::Wrong(format!("no client_id in {printed}")))?,
            secret: text(printed.get("client_secret")),
            key,
        })
    }
}

fn shown(path: &Path) -> String {
    path.to_string_lossy().into_owned()
}
