//! How a request arrived: its id, its address, its browser.

use std::net::IpAddr;

use axum::extract::{FromRequestParts, Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, header};
use axum::middleware::Next;
use axum::response::Response;
use idp_core::base::secret::SecretText;
use idp_core::flow::authorize::Visitor;
use idp_core::flow::browser::Browser;

use super::cookies::{Jar, Name};
use super::guard;
use super::site::Shared;
use crate::listen::admin_socket::AdminPeer;
use crate::listen::client_address::{ClientAddress, throttle_source};
use crate::ui::{Locale, View};

/// How a request arrived. The address is the socket's, or what declared proxies say.
#[derive(Clone, Debug)]
pub struct Arrival {
    /// Its id, in logs, audit and error pages.
    pub request_id: String,
    /// Where it comes from; unknown on a Unix socket.
    pub address: Option<IpAddr>,
    /// What the browser calls itself, shortened to 256 characters.
    pub user_agent: Option<String>,
    /// The user of this machine at the other end of the administration socket.
    pub local_uid: Option<u32>,
}

impl Arrival {
    /// The source that is throttled.
    pub fn source(&self) -> String {
        self.address
            .map_or_else(|| "local".to_owned(), throttle_source)
    }
}

impl<S: Sync> FromRequestParts<S> for Arrival {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Self::Rejection> {
        let unknown = || Self {
            request_id: "unknown".to_owned(),
            address: None,
            user_agent: None,
            local_uid: None,
        };
        Ok(parts
            .extensions
            .get::<Self>()
            .cloned()
            .unwrap_or_else(unknown))
    }
}

/// Gives the request its id and notes where it came from; the answer carries the id.
pub async fn arrive(State(site): State<Shared>, mut request: Request, next: Next) -> Response {
    let request_id = request_id(&site);
    let address = request.extensions().get::<ClientAddress>().map(|a| a.0);
    let user_agent =
        text(request.headers(), &header::USER_AGENT).map(|agent| agent.chars().take(256).collect());
    let local_uid = request.extensions().get::<AdminPeer>().map(|peer| peer.uid);
    request.extensions_mut().insert(Arrival {
        request_id: request_id.clone(),
        address,
        user_agent,
        local_uid,
    });
    let mut response = next.run(request).await;
    if let Ok(value) = request_id.parse() {
        response.headers_mut().insert("x-request-id", value);
    }
    response
}

fn request_id(site: &Shared) -> String {
    match site.generator.number() {
        Ok(number) => format!("{number:032x}"),
        Err(_) => format!("t{}", site.clock.now().millis()),
    }
}

/// The value of a header that is plain text.
pub fn text(headers: &HeaderMap, name: &header::HeaderName) -> Option<String> {
    headers.get(name)?.to_str().ok().map(str::to_owned)
}

/// The browser behind a page request: its cookies, and the language it wants.
pub struct Caller {
    /// How it arrived.
    pub arrival: Arrival,
    /// Browser and session cookies. A browser without a cookie gets one with the answer.
    pub visitor: Visitor,
    /// The language, and the address of the same page in the other one.
    pub view: View,
    /// What a form's address must carry so that its answer is in the same language: empty, or
    /// `?ui_locales=` with the page's language where the query decided it.
    pub language_query: String,
    /// Whether the browser's cookie is new and must be set: never by a POST, which may come from
    /// another site and would cut off a sign-in that waits here.
    pub is_new: bool,
    /// Whether the request is a POST.
    pub is_post: bool,
    /// Whether the browser brought its own or its session's cookie.
    pub has_cookies: bool,
    /// Whether the query chose the language, so that the choice is kept.
    pub chose_language: bool,
}

impl Caller {
    /// Speaks the first of these languages (`ui_locales`) that the pages know, where a form named
    /// them: of a query they are known already.
    pub fn prefer(&mut self, ui_locales: Option<&str>) {
        let known = ui_locales.and_then(|tags| tags.split(' ').find_map(Locale::parse));
        if let (true, Some(locale)) = (self.is_post, known) {
            self.view.locale = locale;
            self.language_query = in_language(locale);
        }
    }
}

/// What keeps a form's answer in a language.
fn in_language(locale: Locale) -> String {
    format!("?ui_locales={}", locale.tag())
}

impl FromRequestParts<Shared> for Caller {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, site: &Shared) -> Result<Self, Response> {
        let arrival = Arrival::from_request_parts(parts, site)
            .await
            .unwrap_or_else(|never| match never {});
        let jar = Jar::of(&parts.headers, &site.provider.policy.issuer);
        let mut context = match site.context(&arrival) {
            Ok(context) => context,
            Err(fault) => return Err(super::wire::fault_page(site, &arrival, &fault)),
        };
        let known = jar.find(Name::Browser).filter(|secret| is_secret(secret));
        let is_post = parts.method == axum::http::Method::POST;
        let is_new = known.is_none() && !is_post;
        let has_cookies = known.is_some() || jar.find(Name::Session).is_some();
        let secret = known.map_or_else(
            || SecretText::generate(&mut context.entropy),
            SecretText::new,
        );
        let session = jar.find(Name::Session).map(SecretText::new);
        let device = jar
            .find(Name::Device)
            .filter(|device| is_secret(device))
            .map(SecretText::new);
        let (view, chose_language, language_query) = view(parts, &jar);
        let visitor = Visitor {
            browser: Browser::new(secret),
            session,
            device,
            embedded: guard::is_embedded(&parts.headers),
        };
        Ok(Self {
            arrival,
            visitor,
            view,
            language_query,
            is_new,
            is_post,
            has_cookies,
            chose_language,
        })
    }
}

/// Whether a cookie looks like one of ours: 43 base64url characters.
fn is_secret(value: &str) -> bool {
    let allowed = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_');
    value.len() == 43 && value.bytes().all(allowed)
}

/// The language: `lang` in the query, then `ui_locales`, cookie, `Accept-Language`. The switch
/// leads to the same page with `lang` set; it is offered only where the page is read with GET.
fn view(parts: &Parts, jar: &Jar<'_>) -> (View, bool, String) {
    let query = parts.uri.query().unwrap_or("");
    let pairs: Vec<_> = url::form_urlencoded::parse(query.as_bytes())
        .into_owned()
        .collect();
    let find = |name: &str| {
        pairs
            .iter()
            .find(|(n, _)| n == name)
            .map(|(_, v)| v.as_str())
    };
    let chosen = find("lang").and_then(Locale::parse);
    let accept = text(&parts.headers, &header::ACCEPT_LANGUAGE);
    let cookie = jar.find(Name::Language);
    let locale = chosen.unwrap_or_else(|| {
        Locale::negotiate(find("ui_locales"), cookie.as_deref(), accept.as_deref())
    });
    let readable = parts.method == axum::http::Method::GET;
    let other_language = readable.then(|| {
        let mut serializer = url::form_urlencoded::Serializer::new(String::new());
        for (name, value) in pairs.iter().filter(|(name, _)| name != "lang") {
            serializer.append_pair(name, value);
        }
        serializer.append_pair("lang", locale.other().tag());
        // Two slashes at the beginning would name another host.
        format!(
            "/{}?{}",
            parts.uri.path().trim_start_matches('/'),
            serializer.finish()
        )
    });
    let asked = chosen.is_some() || find("ui_locales").is_some();
    let language_query = if asked {
        in_language(locale)
    } else {
        String::new()
    };
    (
        View {
            locale,
            other_language,
        },
        chosen.is_some(),
        language_query,
    )
}
