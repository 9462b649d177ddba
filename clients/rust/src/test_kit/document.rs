//! Documents, bent by the lie of the moment and signed.

use aws_lc_rs::hmac;
use serde_json::{Map, Value, json};

use super::lie::{Bend, Forgery, Lie, Place};
use crate::signing::{self, SigningKey};

/// A JSON object with its members in order, in which one may occur twice.
#[derive(Clone, Debug)]
pub(super) struct Document(Vec<(String, Value)>);

impl Document {
    pub(super) fn new(object: Value) -> Self {
        match object {
            Value::Object(members) => Self(members.into_iter().collect()),
            _ => Self(Vec::new()),
        }
    }

    pub(super) fn set(&mut self, name: &str, value: Value) {
        self.0.retain(|(found, _)| found != name);
        self.0.push((name.to_owned(), value));
    }

    /// Applies `lie` if it is told in this place and concerns members.
    pub(super) fn bend(&mut self, lie: Option<Lie>, place: Place, now: i64) {
        let Some(lie) = lie.filter(|lie| lie.place() == place) else {
            return;
        };
        match lie.bend() {
            Bend::Set(name, value) => self.set(name, parsed(value)),
            Bend::Remove(name) => self.0.retain(|(found, _)| found != name),
            Bend::Time(name, seconds) => self.set(name, json!(now + seconds)),
            Bend::Twice(name, value) => self.0.push((name.to_owned(), parsed(value))),
            _ => {}
        }
    }

    pub(super) fn members(&self) -> &[(String, Value)] {
        &self.0
    }

    pub(super) fn to_text(&self) -> String {
        let members: Vec<String> = self
            .0
            .iter()
            .map(|(name, value)| format!("{}:{value}", Value::from(name.as_str())))
            .collect();
        format!("{{{}}}", members.join(","))
    }
}

fn parsed(json: &str) -> Value {
    serde_json::from_str(json).unwrap_or_default()
}

/// The provider's keys: the published one, and one it does not publish.
pub(super) struct Keys {
    pub(super) published: SigningKey,
    pub(super) hidden: SigningKey,
}

impl Keys {
    /// Signs `claims` as the lie wants it, or rightly.
    pub(super) fn sign(&self, typ: &str, claims: &Document, lie: Option<Lie>) -> String {
        let bend = lie.map(Lie::bend);
        let forgery = match bend {
            Some(Bend::Forge(forgery)) => Some(forgery),
            _ => None,
        };
        let alg = match forgery {
            Some(Forgery::Unsigned) => "none",
            Some(Forgery::PublicKeyAsSecret) => "HS256",
            _ => self.published.alg(),
        };
        let kid = match forgery {
            Some(Forgery::UnpublishedKey) => &self.hidden.kid,
            _ => &self.published.kid,
        };
        let mut header = Map::new();
        header.insert("alg".to_owned(), json!(alg));
        header.insert("kid".to_owned(), json!(kid));
        header.insert("typ".to_owned(), json!(typ));
        if let Some(Bend::Header(name, value)) = bend {
            header.insert(name.to_owned(), parsed(value));
        }
        let header = signing::coded(Value::Object(header).to_string().as_bytes());
        let input = format!("{header}.{}", signing::coded(claims.to_text().as_bytes()));
        let signature = self.signature(input.as_bytes(), forgery);
        format!("{input}.{}", signing::coded(&signature))
    }

    fn signature(&self, input: &[u8], forgery: Option<Forgery>) -> Vec<u8> {
        match forgery {
            None => self.published.sign(input).unwrap_or_default(),
            Some(Forgery::Unsigned) => Vec::new(),
            Some(Forgery::PublicKeyAsSecret) => {
                let secret = self.published.public_jwk().to_string();
                let key = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
                hmac::sign(&key, input).as_ref().to_vec()
            }
            Some(Forgery::UnpublishedKey | Forgery::BorrowedName) => {
                self.hidden.sign(input).unwrap_or_default()
            }
        }
    }
}
