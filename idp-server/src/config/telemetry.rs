//! `[telemetry]`: logs and metrics.

use std::net::SocketAddr;

use super::key::Absent::{Nothing, Value};
use super::key::Kind::{Choice, Text};
use super::key::keys;
use super::reader::Reader;

keys! {
    "telemetry.log_format": Choice(&["text", "json"]), Value("text"), "json",
        "Nhật ký cho người đọc (text) hay cho máy đọc (json).",
        "Logs for people (text) or for programs (json).";
    "telemetry.log_level": Choice(&["error", "warn", "info", "debug"]), Value("info"), "info",
        "Mức chi tiết của nhật ký. Không mức nào ghi mật khẩu, token hay tham số.",
        "How much is logged. No level logs passwords, tokens or parameters.";
    "telemetry.metrics_address": Text, Nothing, "127.0.0.1:9090",
        "Địa chỉ riêng cho /metrics (Prometheus), không có TLS. Không đặt thì chỉ đọc được qua socket quản trị.",
        "An address of its own for /metrics (Prometheus), without TLS. Without it metrics are read over the administration socket only.";
}

/// How logs are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogFormat {
    /// Lines for people.
    Text,
    /// A JSON object per line.
    Json,
}

/// Logs and metrics.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TelemetrySettings {
    /// The format of logs.
    pub format: LogFormat,
    /// The least severe level that is logged.
    pub level: tracing::Level,
    /// Where Prometheus reads.
    pub metrics_address: Option<SocketAddr>,
}

pub(super) fn read(reader: &mut Reader<'_>) -> Option<TelemetrySettings> {
    let format = match reader.text("telemetry.log_format").as_str() {
        "json" => LogFormat::Json,
        _ => LogFormat::Text,
    };
    let level = reader.text("telemetry.log_level").parse().ok();
    let address = reader
        .optional_text("telemetry.metrics_address")
        .map(|t| t.parse());
    if let Some(Err(_)) = &address {
        let right = "an address with a port, like \"127.0.0.1:9090\"";
        reader.problem(
            "telemetry.metrics_address",
            "it is no address with a port",
            right,
        );
    }
    let metrics_address = address.transpose().ok()?;
    Some(TelemetrySettings {
        format,
        level: level?,
        metrics_address,
    })
}
