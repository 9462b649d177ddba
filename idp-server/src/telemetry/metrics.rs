//! Metrics in the Prometheus text format, documented in one table.

use std::time::Duration;

use axum::Router;
use axum::routing::get;
use idp_core::base::fault::Fault;
use metrics::{describe_counter, describe_gauge, describe_histogram, gauge};
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};

/// How often samples are folded into their histograms; without that they would pile up between
/// two readings.
const UPKEEP: Duration = Duration::from_secs(5);

/// The bounds of durations, in seconds: a token takes about one thousandth, a password hash some
/// hundredths.
const SECONDS: [f64; 11] = [
    0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0, 5.0,
];

/// What is measured in the same way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Measure {
    /// Only grows; read as a rate.
    Counter,
    /// As it is now.
    Gauge,
    /// Counted by size.
    Histogram,
}

/// One metric.
#[derive(Clone, Copy, Debug)]
pub struct Metric {
    /// Its name.
    pub name: &'static str,
    /// Its kind.
    pub measure: Measure,
    /// Its labels.
    pub labels: &'static str,
    /// What it tells.
    pub en: &'static str,
    /// The same in Vietnamese.
    pub vi: &'static str,
}

macro_rules! metrics_table {
    ($($measure:ident $name:literal [$labels:literal] $en:literal $vi:literal;)*) => {
        /// Every metric once.
        pub const METRICS: &[Metric] = &[$(
            Metric {
                name: $name, measure: Measure::$measure, labels: $labels, en: $en, vi: $vi,
            },
        )*];
    };
}

metrics_table! {
    Counter "idp_http_requests_total" ["route, method, status"]
        "Answered requests. Requests to no route count as `unmatched`."
        "Số yêu cầu đã trả lời. Yêu cầu không khớp đường dẫn nào được tính là `unmatched`.";
    Histogram "idp_http_request_seconds" ["route"]
        "Time from a request's head to its answer's head."
        "Thời gian từ lúc nhận yêu cầu đến lúc bắt đầu trả lời.";
    Counter "idp_sign_ins_total" ["result, reason"]
        "Sign-in attempts: `accepted`, or `refused` with the reason (see `idp reasons`)."
        "Số lần đăng nhập: `accepted`, hoặc `refused` kèm lý do (xem `idp reasons`).";
    Counter "idp_tokens_issued_total" ["grant_type"]
        "Answers of the token endpoint that carried tokens."
        "Số lần điểm cuối token đã cấp token.";
    Counter "idp_refusals_total" ["reason"]
        "Refusals by reason, all endpoints. Watch `refresh_token_reused` and `code_reused`: they mean theft or a broken application."
        "Số lần từ chối theo lý do, mọi điểm cuối. Chú ý `refresh_token_reused` và `code_reused`: dấu hiệu đánh cắp hoặc ứng dụng lỗi.";
    Counter "idp_faults_total" ["place"]
        "Faults by room. Should be zero; each one is logged with its request id."
        "Số sự cố theo bộ phận. Bình thường bằng 0; mỗi sự cố được ghi nhật ký kèm mã yêu cầu.";
    Counter "idp_certificate_sessions_ended_total" [""]
        "Running sessions that ended because their certificate is revoked, was taken from the account, or leads to nobody who is trusted."
        "Số phiên đang chạy bị kết thúc vì chứng thư bị thu hồi, bị gỡ khỏi tài khoản hoặc không còn thuộc tổ chức được tin cậy.";
    Counter "idp_certificate_status_fetches_total" ["kind, outcome"]
        "Requests about the status of certificates: lists (`list`: `kept`, `known`, `failed`) and responders (`answer`: `kept`, `refused`, `unreachable`)."
        "Số lần hỏi tình trạng chứng thư: danh sách thu hồi (`list`: `kept`, `known`, `failed`) và máy trả lời OCSP (`answer`: `kept`, `refused`, `unreachable`).";
    Gauge "idp_certificate_list_age_seconds" ["address"]
        "Age of each revocation list that this node fetches, since it was made."
        "Tuổi của mỗi danh sách thu hồi mà nút này tải, tính từ lúc được lập.";
    Gauge "idp_certificate_lists_outdated" [""]
        "Revocation lists whose successor is overdue, or that never came. Should be zero: certificates below are refused, or accepted only by the rule for outages."
        "Số danh sách thu hồi đã quá hạn hoặc chưa tải được. Bình thường bằng 0; nếu không, chứng thư bên dưới bị từ chối hoặc chỉ được nhận theo quy tắc lúc gián đoạn.";
    Gauge "idp_certificate_lists_bytes" [""]
        "Memory that this node's revocation lists take, 256 MiB at most."
        "Bộ nhớ dùng cho danh sách thu hồi ở nút này, tối đa 256 MiB.";
    Gauge "idp_outbox_pending" [""]
        "Deliveries (back-channel logouts) that have not arrived yet."
        "Số thông báo (đăng xuất) chưa gửi được.";
    Gauge "idp_outbox_receivers_paused" [""]
        "Applications that this process leaves alone for a while, because deliveries to them failed three times in a row."
        "Số ứng dụng đang được tạm ngừng gửi vì gửi lỗi ba lần liên tiếp.";
    Gauge "idp_audit_unsealed" [""]
        "Audit events that are not yet in a signed block. Should fall to zero each second."
        "Số sự kiện kiểm toán chưa nằm trong khối đã ký. Bình thường về 0 mỗi giây.";
    Counter "idp_key_rotations_total" ["purpose"]
        "Keys that this node made by schedule (`keys.rotate_every`)."
        "Số khoá nút này đã tự tạo theo lịch (`keys.rotate_every`).";
    Gauge "idp_keys_overdue" [""]
        "Keys whose successor is due by schedule and could not be made by this node. Should be zero; the log says why."
        "Số khoá đã đến hạn thay theo lịch mà nút này không tạo được khoá mới. Bình thường bằng 0; nhật ký ghi lý do.";
    Counter "idp_device_signatures_total" ["result"]
        "Signatures asked of the PKCS#11 device: `ok`, or what was in the way (`absent`, `pin_refused`, `key_unusable`, `slow`)."
        "Số chữ ký yêu cầu thiết bị PKCS#11: `ok`, hoặc trở ngại (`absent`, `pin_refused`, `key_unusable`, `slow`).";
    Histogram "idp_device_seconds" [""]
        "Time of a signature by the device, waiting for its turn included."
        "Thời gian của một chữ ký do thiết bị làm, kể cả chờ đến lượt.";
    Gauge "process_resident_memory_bytes" [""]
        "Resident memory of the process."
        "Bộ nhớ thường trú của tiến trình.";
    Gauge "process_open_fds" [""]
        "Open file descriptors of the process."
        "Số tệp và kết nối đang mở của tiến trình.";
}

/// The recorder of this process, to be read.
#[derive(Clone)]
pub struct Metrics(PrometheusHandle);

impl Metrics {
    /// Starts recording for the whole process.
    ///
    /// # Errors
    /// A lasting fault when recording was started before.
    pub fn start() -> Result<Self, Fault> {
        let handle = builder()?
            .install_recorder()
            .map_err(|e| Fault::lasting("metrics", e))?;
        describe();
        Ok(Self(handle))
    }

    /// All metrics as text, with those of the process read now.
    #[must_use]
    pub fn render(&self) -> String {
        measure_process();
        self.0.render()
    }

    /// Folds samples together, for ever; to be spawned beside the server.
    pub async fn upkeep(self) {
        loop {
            tokio::time::sleep(UPKEEP).await;
            self.0.run_upkeep();
        }
    }

    /// `GET /metrics`, for the address or socket where Prometheus reads; never the public one.
    pub fn router(&self) -> Router {
        let metrics = self.clone();
        let answer = move || {
            let text = metrics.render();
            async move { ([("content-type", "text/plain; version=0.0.4")], text) }
        };
        Router::new().route("/metrics", get(answer))
    }
}

fn builder() -> Result<PrometheusBuilder, Fault> {
    let seconds = Matcher::Suffix("_seconds".to_owned());
    PrometheusBuilder::new()
        .set_buckets_for_metric(seconds, &SECONDS)
        .map_err(|e| Fault::lasting("metrics", e))
}

fn describe() {
    for metric in METRICS {
        match metric.measure {
            Measure::Counter => describe_counter!(metric.name, metric.en),
            Measure::Gauge => describe_gauge!(metric.name, metric.en),
            Measure::Histogram => describe_histogram!(metric.name, metric.en),
        }
    }
}

/// Reads what the system says about this process; what cannot be read keeps its last value.
fn measure_process() {
    if let Some(bytes) = resident_memory() {
        gauge!("process_resident_memory_bytes").set(bytes);
    }
    if let Ok(open) = std::fs::read_dir("/proc/self/fd") {
        let open = u32::try_from(open.count()).unwrap_or(u32::MAX);
        gauge!("process_open_fds").set(f64::from(open));
    }
}

/// `VmRSS` of /proc/self/status, which is in KiB whatever the page size.
fn resident_memory() -> Option<f64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kib: f64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kib * 1024.0)
}

/// The operators' page about metrics, in Markdown.
#[must_use]
pub fn manual() -> String {
    let mut text = String::from(
        "# Metrics\n\n\
         Prometheus đọc các số đo tại `telemetry.metrics_address`, hoặc qua socket quản trị: \
         `curl --unix-socket data/admin.sock http://localhost/metrics`. Không số đo nào chứa tên, \
         định danh hay địa chỉ của người dùng.\n\n\
         Prometheus reads metrics at `telemetry.metrics_address`, or over the administration socket \
         with the command above. The public address never serves them. No label holds a person's \
         name, identifier or address. This page is generated from `idp-server/src/telemetry`.\n\n\
         | metric | kind | labels | meaning |\n|---|---|---|---|\n",
    );
    for metric in METRICS {
        let Metric {
            name,
            measure,
            labels,
            en,
            vi,
        } = metric;
        let kind = format!("{measure:?}").to_lowercase();
        text.push_str(&format!(
            "| `{name}` | {kind} | {labels} | {en}<br>{vi} |\n"
        ));
    }
    text
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::{Measure, builder, describe, manual, measure_process};

    #[test]
    fn the_process_is_measured_and_durations_have_their_buckets() {
        let recorder = builder().unwrap().build_recorder();
        metrics::with_local_recorder(&recorder, || {
            describe();
            measure_process();
            metrics::histogram!("idp_http_request_seconds", "route" => "/token").record(0.002);
        });
        let text = recorder.handle().render();
        let memory = text
            .lines()
            .find_map(|l| l.strip_prefix("process_resident_memory_bytes "));
        assert!(memory.unwrap().parse::<f64>().unwrap() > 1e6, "{text}");
        assert!(text.contains("process_open_fds "), "{text}");
        assert!(text.contains("le=\"0.0025\"} 1"), "{text}");
        assert!(text.contains("le=\"0.001\"} 0"), "{text}");
    }

    #[test]
    fn names_tell_their_kind() {
        for metric in super::METRICS {
            let total = metric.name.ends_with("_total");
            assert_eq!(total, metric.measure == Measure::Counter, "{}", metric.name);
        }
    }

    /// Set `IDP_WRITE_MANUALS=1` to write the page anew after a change of the table.
    #[test]
    fn the_operators_page_is_up_to_date() {
        let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/operators/metrics.md");
        if std::env::var_os("IDP_WRITE_MANUALS").is_some() {
            std::fs::write(&page, manual()).unwrap();
        }
        let written = std::fs::read_to_string(&page).unwrap();
        assert!(
            written == manual(),
            "run this test with IDP_WRITE_MANUALS=1 and commit the page"
        );
    }
}
