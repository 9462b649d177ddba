//! The OpenAPI description, made from the table of operations and the types themselves.

use utoipa::openapi::header::Header;
use utoipa::openapi::path::{
    HttpMethod, OperationBuilder, Parameter, ParameterBuilder, ParameterIn, Paths, PathsBuilder,
};
use utoipa::openapi::request_body::RequestBodyBuilder;
use utoipa::openapi::schema::Type;
use utoipa::openapi::{
    ContentBuilder, InfoBuilder, ObjectBuilder, OpenApi, OpenApiBuilder, Ref, Required, Response,
    ResponseBuilder,
};
use utoipa::{IntoParams, OpenApi as _};

use crate::operations::{Method, OPERATIONS, Operation};
use crate::{
    DryRun, Page, PageQuery, Problem, audit, certificate, change_set, client, headers, key, node,
    outbox, paths, registration, role, session, trust, unit, user, user_certificate, user_import,
};

/// The types behind the schemas; the paths come from the table.
#[derive(utoipa::OpenApi)]
#[openapi(components(schemas(
    Problem,
    Page<unit::Unit>, unit::Unit, unit::UnitNew, unit::UnitEdit,
    Page<user::UserSummary>, user::User, user::UserWithLink, user::UserNew, user::UserEdit,
    user::UserDisable, user::PositionNew, user::PositionEdit, user::RoleGrantNew,
    user_import::UserImport, user_import::ImportReport,
    Page<user_certificate::UserCertificate>, user_certificate::UserCertificate,
    user_certificate::UserCertificateNew,
    Page<role::Role>, role::Role, role::RoleNew, role::RoleEdit,
    Page<client::Client>, client::Client, client::ClientNew, client::ClientEdit,
    client::ClientWithSecret, client::SecretRotation,
    Page<registration::RegistrationToken>, registration::RegistrationToken,
    registration::RegistrationTokenNew, registration::RegistrationTokenWithSecret,
    Page<trust::TrustAnchor>, trust::TrustAnchor, trust::TrustAnchorNew, trust::TrustRules,
    trust::TrustWithdrawal,
    certificate::CertificateVerification, certificate::CertificateVerdict,
    Page<key::Key>, key::Key, key::KeyRotation, key::KeyRotated,
    Page<session::Session>, session::Session, session::SessionsEnded,
    Page<audit::AuditEvent>, audit::AuditVerification, audit::AuditReport, audit::AuditExport,
    Page<outbox::Delivery>, outbox::Delivery,
    Page<change_set::ChangeSet>, change_set::ChangeSet, Page<change_set::ChangeSetEntry>,
    change_set::UndoReport,
    Page<node::ConfigurationDifference>, node::ConfigurationDifference,
)))]
struct Schemas;

/// The description of the whole API (OpenAPI 3.1). The same on every call.
pub fn openapi() -> OpenApi {
    OpenApiBuilder::new()
        .info(
            InfoBuilder::new()
                .title("Administration API")
                .version("1")
                .description(Some(DESCRIPTION)),
        )
        .paths(all_paths())
        .components(Schemas::openapi().components)
        .build()
}

const DESCRIPTION: &str = "Administration of units, users, roles, clients, trust, keys, sessions, audit, \
    outbox, change sets and nodes. Points in time are RFC 3339 in UTC. A change names the version that it \
    was made for in If-Match, and may be tried with dry_run=true. Every refusal is a problem \
    document (RFC 9457) whose reason is stable.";

fn all_paths() -> Paths {
    let mut all = PathsBuilder::new().build();
    for operation in OPERATIONS {
        all.add_path_operation(
            operation.path,
            vec![http_method(operation.method)],
            describe(operation),
        );
    }
    all
}

fn http_method(method: Method) -> HttpMethod {
    match method {
        Method::Get => HttpMethod::Get,
        Method::Post => HttpMethod::Post,
        Method::Patch => HttpMethod::Patch,
        Method::Delete => HttpMethod::Delete,
    }
}

fn describe(operation: &Operation) -> utoipa::openapi::path::Operation {
    let body = operation.body.map(|schema| {
        RequestBodyBuilder::new()
            .content("application/json", content_of(schema))
            .required(Some(Required::True))
            .build()
    });
    OperationBuilder::new()
        .operation_id(Some(operation.name))
        .tag(operation.noun)
        .summary(Some(operation.summary))
        .parameters(Some(parameters(operation)))
        .request_body(body)
        .response(operation.status.to_string(), success(operation))
        .response("default", refusal())
        .build()
}

fn content_of(schema: &str) -> utoipa::openapi::Content {
    ContentBuilder::new()
        .schema(Some(Ref::from_schema_name(schema)))
        .build()
}

fn success(operation: &Operation) -> Response {
    let answer = ResponseBuilder::new()
        .description("Done, or read.")
        .content("application/json", content_of(operation.answer));
    let versioned = ["Unit", "User", "Role", "Client"].contains(&operation.answer);
    if !versioned {
        return answer.build();
    }
    let tag = Header::new(ObjectBuilder::new().schema_type(Type::String).build());
    answer.header("ETag", tag).build()
}

fn refusal() -> Response {
    ResponseBuilder::new()
        .description("Refused, or failed.")
        .content(headers::PROBLEM_JSON, content_of("Problem"))
        .build()
}

fn parameters(operation: &Operation) -> Vec<Parameter> {
    let mut all: Vec<Parameter> = paths::variables(operation.path)
        .map(|name| text(name, ParameterIn::Path, Required::True))
        .collect();
    all.extend(query_of(operation));
    if operation.method == Method::Patch {
        let mut tag = text("If-Match", ParameterIn::Header, Required::True);
        tag.description = Some("The ETag that was read.".to_owned());
        all.push(tag);
    }
    all
}

fn text(name: &str, place: ParameterIn, required: Required) -> Parameter {
    ParameterBuilder::new()
        .name(name)
        .parameter_in(place)
        .required(required)
        .schema(Some(ObjectBuilder::new().schema_type(Type::String)))
        .build()
}

/// The query parameters, from the types that the server parses them into.
fn query_of(operation: &Operation) -> Vec<Parameter> {
    fn of<T: IntoParams>() -> Vec<Parameter> {
        T::into_params(|| Some(ParameterIn::Query))
    }
    match operation.name {
        "list_units" => of::<unit::UnitQuery>(),
        "list_users" => of::<user::UserQuery>(),
        "list_clients" => of::<client::ClientQuery>(),
        "list_sessions" => of::<session::SessionQuery>(),
        "list_audit_events" => of::<audit::AuditQuery>(),
        "export_audit" => of::<audit::AuditExportQuery>(),
        "list_outbox" => of::<outbox::DeliveryQuery>(),
        "unassign_role" => of::<user::RoleGrantQuery>(),
        name if name.starts_with("list_") => of::<PageQuery>(),
        _ if operation.changes() => of::<DryRun>(),
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every `$ref` of the document points to a schema that is there.
    #[test]
    fn every_reference_is_answered() {
        let document = serde_json::to_value(openapi()).unwrap();
        let mut open = vec![&document];
        let mut seen = 0;
        while let Some(value) = open.pop() {
            if let Some(reference) = value.get("$ref").and_then(|r| r.as_str()) {
                let pointer = reference.strip_prefix('#').unwrap();
                assert!(document.pointer(pointer).is_some(), "{reference}");
                seen += 1;
            }
            match value {
                serde_json::Value::Object(members) => open.extend(members.values()),
                serde_json::Value::Array(members) => open.extend(members),
                _ => {}
            }
        }
        assert!(seen > 2 * OPERATIONS.len());
    }

    #[test]
    fn every_operation_is_described_once() {
        let document = openapi();
        let described: usize = OPERATIONS
            .iter()
            .filter(|o| {
                document
                    .paths
                    .get_path_operation(o.path, http_method(o.method))
                    .is_some_and(|found| found.operation_id.as_deref() == Some(o.name))
            })
            .count();
        assert_eq!(described, OPERATIONS.len());
    }
}
