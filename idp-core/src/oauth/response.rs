//! How an answer leaves the authorization endpoint: OAuth 2.0 Multiple Response Type Encoding
//! Practices §2, OAuth 2.0 Form Post Response Mode, JWT Secured Authorization Response Mode (JARM).

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::params::Parameters;
use super::redirect_uri::ValidRedirect;
use crate::base::refusal::Reason;
use crate::base::time::Timestamp;
use crate::model::client::{ClientId, ResponseType};

/// Seconds after which a JARM answer is over: JARM §2.1 advises ten minutes at most.
const JARM_SECONDS: u64 = 600;

/// A response mode. Those that end in `jwt` carry one signed parameter, `response`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum ResponseMode {
    /// In the query of the redirect address.
    #[default]
    #[serde(rename = "query")]
    Query,
    /// In its fragment, which the browser keeps to itself.
    #[serde(rename = "fragment")]
    Fragment,
    /// In a form that the browser posts.
    #[serde(rename = "form_post")]
    FormPost,
    /// Signed, in the query.
    #[serde(rename = "query.jwt")]
    QueryJwt,
    /// Signed, in the fragment.
    #[serde(rename = "fragment.jwt")]
    FragmentJwt,
    /// Signed, in a form.
    #[serde(rename = "form_post.jwt")]
    FormPostJwt,
}

impl ResponseMode {
    /// Every value of `response_mode` that is understood; `jwt` is short for the signed default.
    pub const NAMES: [&str; 7] = [
        "query",
        "fragment",
        "form_post",
        "jwt",
        "query.jwt",
        "fragment.jwt",
        "form_post.jwt",
    ];

    /// The mode of a request: the named one, else the default of its response type, which is the
    /// fragment wherever a token leaves the endpoint (Multiple Response Types §5).
    ///
    /// # Errors
    /// [`Reason::ResponseModeUnsupported`] for an unknown name, [`Reason::ResponseModeUnfit`] for tokens
    /// in a query, where servers and histories would keep them (§3, JARM §2.3.1), and for a form
    /// that would be posted to something else than a web server.
    pub fn of(
        named: Option<&str>,
        response_type: ResponseType,
        to: &ValidRedirect,
    ) -> Result<Self, Reason> {
        let tokens = response_type.has_id_token() || response_type.has_token();
        let mode = match named {
            None if tokens => Self::Fragment,
            None | Some("query") => Self::Query,
            Some("fragment") => Self::Fragment,
            Some("form_post") => Self::FormPost,
            Some("jwt") if tokens => Self::FragmentJwt,
            Some("jwt" | "query.jwt") => Self::QueryJwt,
            Some("fragment.jwt") => Self::FragmentJwt,
            Some("form_post.jwt") => Self::FormPostJwt,
            Some(_) => return Err(Reason::ResponseModeUnsupported),
        };
        let in_query = matches!(mode, Self::Query | Self::QueryJwt);
        if (tokens && in_query) || (mode.is_form() && !to.as_str().starts_with("http")) {
            return Err(Reason::ResponseModeUnfit);
        }
        Ok(mode)
    }

    /// The mode in which a request is refused whose other parameters are not checked yet: the one
    /// that it would have, where that makes sense.
    pub fn for_refusal(parameters: &Parameters, to: &ValidRedirect) -> Self {
        let named = parameters.find("response_mode");
        let wanted = parameters.find("response_type").unwrap_or_default();
        let response_type = ResponseType::parse(wanted).unwrap_or_else(|| {
            let tokens = wanted.split(' ').any(|w| matches!(w, "token" | "id_token"));
            if tokens {
                ResponseType::IdTokenToken
            } else {
                ResponseType::Code
            }
        });
        Self::of(named, response_type, to)
            .or_else(|_| Self::of(None, response_type, to))
            .unwrap_or_default()
    }

    /// Whether the answer is one signed parameter.
    pub const fn is_signed(self) -> bool {
        matches!(self, Self::QueryJwt | Self::FragmentJwt | Self::FormPostJwt)
    }

    /// Whether the answer is a page that posts a form.
    pub const fn is_form(self) -> bool {
        matches!(self, Self::FormPost | Self::FormPostJwt)
    }

    /// Whether it is what a request without `response_mode` for a code gets.
    pub fn is_plain(&self) -> bool {
        *self == Self::Query
    }

    /// Writes an answer for the browser.
    pub fn carry(self, to: &ValidRedirect, members: Members) -> Answer {
        match self {
            Self::Query | Self::QueryJwt => {
                Answer::Redirect(with_query(to.as_str(), &members.encoded()))
            }
            Self::Fragment | Self::FragmentJwt => {
                Answer::Redirect(format!("{}#{}", to.as_str(), members.encoded()))
            }
            Self::FormPost | Self::FormPostJwt => Answer::Form {
                to: to.clone(),
                fields: members.0,
            },
        }
    }
}

/// The parameters of an answer, in order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Members(Vec<(String, String)>);

impl Members {
    /// One more parameter.
    pub fn push(&mut self, name: &str, value: impl Into<String>) {
        self.0.push((name.to_owned(), value.into()));
    }

    /// With what every answer carries: `state` as it came, and `iss` (RFC 9207 §2).
    #[must_use]
    pub fn with_state(mut self, state: Option<&str>, issuer: &str) -> Self {
        if let Some(state) = state {
            self.push("state", state);
        }
        self.push("iss", issuer);
        self
    }

    /// The claims of the JWT that carries these parameters instead (JARM §2.1).
    pub fn into_claims(self, client: &ClientId, now: Timestamp) -> Map<String, Value> {
        let expires = now + std::time::Duration::from_secs(JARM_SECONDS);
        let mut claims: Map<String, Value> =
            self.0.into_iter().map(|(n, v)| (n, v.into())).collect();
        claims.insert("aud".to_owned(), client.as_str().into());
        claims.insert("exp".to_owned(), expires.seconds().into());
        claims
    }

    fn encoded(&self) -> String {
        let mut text = url::form_urlencoded::Serializer::new(String::new());
        text.extend_pairs(&self.0);
        text.finish()
    }
}

/// An answer on its way through the browser.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// A redirect to this address.
    Redirect(String),
    /// A page whose form posts these fields.
    Form {
        /// The proved address.
        to: ValidRedirect,
        /// Names and values, in order.
        fields: Vec<(String, String)>,
    },
}

/// Adds to the query of a proved address; what was registered there stays (RFC 6749 §3.1.2).
pub fn with_query(address: &str, query: &str) -> String {
    let joint = match address.split_once('?') {
        None => "?",
        Some((_, "")) => "",
        Some(_) => "&",
    };
    format!("{address}{joint}{query}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::client::{Client, ClientKind};
    use crate::oauth::sample::{ISSUER, NOW, REDIRECT, after, parameters, web};
    use serde_json::json;

    const APP: &str = "vn.example.app:/cb";

    fn redirect(address: &str) -> ValidRedirect {
        let client = Client {
            kind: ClientKind::Native,
            redirect_uris: vec![REDIRECT.into(), APP.into(), "https://rp.example/?".into()],
            ..web()
        };
        ValidRedirect::check(&client, address).unwrap()
    }

    #[test]
    fn each_response_type_has_its_modes() {
        use ResponseMode as Mode;
        use ResponseType::{Code, CodeIdToken, IdToken};
        let unfit = Err(Reason::ResponseModeUnfit);
        for (named, response_type, expected) in [
            (None, Code, Ok(Mode::Query)),
            (None, IdToken, Ok(Mode::Fragment)),
            (None, CodeIdToken, Ok(Mode::Fragment)),
            (Some("query"), Code, Ok(Mode::Query)),
            (Some("query"), IdToken, unfit),
            (Some("query.jwt"), CodeIdToken, unfit),
            (Some("query.jwt"), Code, Ok(Mode::QueryJwt)),
            (Some("fragment"), Code, Ok(Mode::Fragment)),
            (Some("jwt"), Code, Ok(Mode::QueryJwt)),
            (Some("jwt"), IdToken, Ok(Mode::FragmentJwt)),
            (Some("form_post"), CodeIdToken, Ok(Mode::FormPost)),
            (Some("form_post.jwt"), Code, Ok(Mode::FormPostJwt)),
            (
                Some("web_message"),
                Code,
                Err(Reason::ResponseModeUnsupported),
            ),
            (Some("Query"), Code, Err(Reason::ResponseModeUnsupported)),
        ] {
            let found = Mode::of(named, response_type, &redirect(REDIRECT));
            assert_eq!(found, expected, "{named:?} {response_type:?}");
        }
        for named in ["form_post", "form_post.jwt"] {
            assert_eq!(
                Mode::of(Some(named), Code, &redirect(APP)),
                unfit,
                "{named}"
            );
        }
        for name in Mode::NAMES {
            assert!(
                Mode::of(Some(name), Code, &redirect(REDIRECT)).is_ok(),
                "{name}"
            );
        }
    }

    #[test]
    fn a_refusal_travels_as_the_answer_would_have() {
        for (wanted, named, expected) in [
            ("code", "", ResponseMode::Query),
            ("code", "form_post", ResponseMode::FormPost),
            ("code", "unheard", ResponseMode::Query),
            ("id_token", "query", ResponseMode::Fragment),
            ("token", "", ResponseMode::Fragment),
            ("code unheard", "fragment.jwt", ResponseMode::FragmentJwt),
            ("", "", ResponseMode::Query),
        ] {
            let request = parameters(&[("response_type", wanted), ("response_mode", named)]);
            let found = ResponseMode::for_refusal(&request, &redirect(REDIRECT));
            assert_eq!(found, expected, "{wanted} {named}");
        }
    }

    fn members() -> Members {
        let mut members = Members::default();
        members.push("code", "a b");
        members.with_state(Some("của tôi"), ISSUER)
    }

    #[test]
    fn what_was_registered_in_the_address_stays() {
        let encoded = "code=a+b&state=c%E1%BB%A7a+t%C3%B4i&iss=https%3A%2F%2F";
        for (mode, address, begins) in [
            (
                ResponseMode::Query,
                REDIRECT,
                format!("{REDIRECT}&{encoded}"),
            ),
            (
                ResponseMode::Query,
                "https://rp.example/?",
                format!("https://rp.example/?{encoded}"),
            ),
            (ResponseMode::Query, APP, format!("{APP}?{encoded}")),
            (
                ResponseMode::Fragment,
                REDIRECT,
                format!("{REDIRECT}#{encoded}"),
            ),
        ] {
            match mode.carry(&redirect(address), members()) {
                Answer::Redirect(found) => assert!(found.starts_with(&begins), "{found}"),
                form @ Answer::Form { .. } => panic!("{form:?}"),
            }
        }
        let form = ResponseMode::FormPost.carry(&redirect(REDIRECT), members());
        let fields = [("code", "a b"), ("state", "của tôi"), ("iss", ISSUER)];
        let fields = fields.map(|(n, v)| (n.to_owned(), v.to_owned())).to_vec();
        let to = redirect(REDIRECT);
        assert_eq!(form, Answer::Form { to, fields });
    }

    #[test]
    fn a_signed_answer_is_for_one_client_and_ten_minutes() {
        let claims = members().into_claims(&web().id, NOW);
        assert_eq!(
            Value::Object(claims),
            json!({
                "code": "a b", "state": "của tôi", "iss": ISSUER, "aud": "app",
                "exp": after(600).seconds(),
            })
        );
    }
}
