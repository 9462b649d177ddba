//! The administration API as a client sees it: calls, answers, problems.

mod operations;

use bytes::Bytes;
use http::{Method, Request, Response, header};
use http_body_util::Full;
use idp_admin_api::Problem;
use idp_admin_api::headers::{ACTING_AS, etag};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::failure::Failure;
use super::socket::{Transport, TransportError};
use crate::cli::language::{Said, text};

/// What a call answers.
pub type Answer<T> = Result<T, Failure>;

/// The API, spoken to as one administrator.
#[derive(Clone, Debug)]
pub struct Api {
    transport: Transport,
    acting_as: Option<String>,
    dry_run: bool,
}

/// The parts of a call.
struct Call {
    method: Method,
    path: String,
    query: Vec<(String, String)>,
    version: Option<i64>,
    body: Option<Vec<u8>>,
}

impl Call {
    fn new(method: Method, path: String) -> Self {
        Self {
            method,
            path,
            query: Vec::new(),
            version: None,
            body: None,
        }
    }

    fn carrying(mut self, body: &impl Serialize) -> Answer<Self> {
        let json = serde_json::to_vec(body).map_err(|e| Failure::failed(e.to_string()))?;
        self.body = Some(json);
        Ok(self)
    }
}

impl Api {
    /// The API behind `transport`; changes are made, or only tried, as `acting_as`.
    pub fn new(transport: Transport, acting_as: Option<String>, dry_run: bool) -> Self {
        Self {
            transport,
            acting_as,
            dry_run,
        }
    }

    async fn get<T: DeserializeOwned>(&self, path: String, query: &impl Serialize) -> Answer<T> {
        let mut call = Call::new(Method::GET, path);
        call.query = pairs(query)?;
        self.call(call).await
    }

    async fn post<T: DeserializeOwned>(&self, path: String, body: &impl Serialize) -> Answer<T> {
        self.change(Call::new(Method::POST, path).carrying(body)?)
            .await
    }

    async fn act<T: DeserializeOwned>(&self, path: String) -> Answer<T> {
        self.change(Call::new(Method::POST, path)).await
    }

    async fn patch<T: DeserializeOwned>(
        &self,
        path: String,
        version: i64,
        body: &impl Serialize,
    ) -> Answer<T> {
        let mut call = Call::new(Method::PATCH, path).carrying(body)?;
        call.version = Some(version);
        self.change(call).await
    }

    /// A change: it names its administrator and may be tried only.
    async fn change<T: DeserializeOwned>(&self, mut call: Call) -> Answer<T> {
        if self.acting_as.is_none() {
            return Err(Failure::usage(text(
                "thay đổi cần biết người quản trị: --as TÊN_ĐĂNG_NHẬP, hoặc IDP_AS",
                "a change needs its administrator: --as USERNAME, or IDP_AS",
            )));
        }
        let dry_run = self.dry_run.then(|| ("dry_run".into(), "true".into()));
        call.query.extend(dry_run);
        self.call(call).await
    }

    async fn call<T: DeserializeOwned>(&self, call: Call) -> Answer<T> {
        let request = self
            .request(call)
            .map_err(|e| Failure::usage(e.to_string()))?;
        match (self.transport.send(request).await, &self.transport) {
            (Ok(answer), _) => read(&answer),
            (Err(TransportError::Unreachable(error)), Transport::Socket(socket)) => {
                Err(Failure::Unreachable {
                    socket: socket.clone(),
                    why: error.to_string(),
                })
            }
            (Err(error), _) => Err(Failure::failed(error.to_string())),
        }
    }

    fn request(&self, call: Call) -> Result<Request<Full<Bytes>>, http::Error> {
        let mut uri = call.path;
        if !call.query.is_empty() {
            let query = url::form_urlencoded::Serializer::new(String::new())
                .extend_pairs(&call.query)
                .finish();
            uri = format!("{uri}?{query}");
        }
        let mut request = Request::builder()
            .method(call.method)
            .uri(uri)
            .header(header::HOST, "localhost")
            .header(header::ACCEPT, "application/json, application/problem+json");
        if let Some(acting_as) = &self.acting_as {
            request = request.header(ACTING_AS, acting_as);
        }
        if let Some(version) = call.version {
            request = request.header(header::IF_MATCH, etag(version));
        }
        if call.body.is_some() {
            request = request.header(header::CONTENT_TYPE, "application/json");
        }
        request.body(Full::new(call.body.map(Bytes::from).unwrap_or_default()))
    }
}

/// The parameters of a query: absent and false ones are left out.
fn pairs(query: &impl Serialize) -> Answer<Vec<(String, String)>> {
    use serde_json::Value;
    let query = serde_json::to_value(query).map_err(|e| Failure::failed(e.to_string()))?;
    let members = query.as_object().cloned().unwrap_or_default();
    Ok(members
        .into_iter()
        .filter_map(|(name, value)| match value {
            Value::Null | Value::Bool(false) => None,
            Value::String(text) => Some((name, text)),
            other => Some((name, other.to_string())),
        })
        .collect())
}

fn read<T: DeserializeOwned>(answer: &Response<Bytes>) -> Answer<T> {
    let status = answer.status();
    if status.is_success() {
        return serde_json::from_slice(answer.body()).map_err(|e| {
            Failure::failed(Said::new(
                format!("không hiểu câu trả lời của máy chủ ({e}); có phải phiên bản khác?"),
                format!("the server's answer is not understood ({e}); is it another version?"),
            ))
        });
    }
    match serde_json::from_slice::<Problem>(answer.body()) {
        Ok(problem) => Err(Failure::Refused(Box::new(problem))),
        Err(_) => Err(Failure::failed(Said::new(
            format!("máy chủ trả lời {status}"),
            format!("the server answered {status}"),
        ))),
    }
}

#[cfg(test)]
mod tests;
