//! Why a certificate counts for nothing, in words.

use idp_core::trust::Rejection;

use super::language::Language;

/// The rule in a language, by its stable name. `None` for a name that this program does not know.
pub(super) fn in_language(name: &str, language: Language) -> Option<String> {
    match language {
        Language::Vi => rejection_text(name).map(str::to_owned),
        Language::En => {
            let known = Rejection::ALL.iter().find(|known| known.reason() == name);
            known.map(ToString::to_string)
        }
    }
}

/// The rule in Vietnamese.
pub(super) fn rejection_text(name: &str) -> Option<&'static str> {
    let known = VIETNAMESE.iter().find(|(known, _)| *known == name);
    known.map(|(_, words)| *words)
}

const VIETNAMESE: &[(&str, &str)] = &[
    ("too_large", "quá lớn"),
    ("der_malformed", "không đúng mã hóa DER"),
    ("certificate_malformed", "không phải chứng thư"),
    ("crl_malformed", "không phải danh sách thu hồi"),
    ("name_malformed", "một tên sai cấu trúc"),
    ("time_malformed", "một thời điểm sai cấu trúc"),
    ("extension_malformed", "một phần mở rộng sai cấu trúc"),
    ("extension_repeated", "một phần mở rộng xuất hiện hai lần"),
    ("version_invalid", "phiên bản không phù hợp"),
    ("serial_invalid", "số sê-ri không hợp lệ"),
    ("algorithm_mismatch", "hai thuật toán ký khác nhau"),
    ("algorithm_unsupported", "thuật toán ký không được hỗ trợ"),
    ("algorithm_weak", "thuật toán ký quá yếu"),
    (
        "algorithm_of_other_key",
        "thuật toán ký dành cho loại khóa khác",
    ),
    ("key_malformed", "khóa công khai sai cấu trúc"),
    ("key_unsupported", "loại khóa công khai không được hỗ trợ"),
    ("key_weak", "khóa công khai quá ngắn"),
    ("signature_wrong", "chữ ký sai"),
    ("not_yet_valid", "chưa đến thời gian hiệu lực"),
    ("expired", "đã hết hạn"),
    ("names_do_not_chain", "tên không nối thành chuỗi"),
    (
        "critical_extension_unknown",
        "có phần mở rộng bắt buộc mà hệ thống không hiểu",
    ),
    ("not_an_authority", "bên cấp không phải CA"),
    ("path_too_long", "nhiều CA hơn mức cho phép"),
    (
        "key_usage_wrong",
        "khóa của bên cấp không được ký chứng thư",
    ),
    ("name_not_permitted", "một tên không được phép"),
    ("name_excluded", "một tên bị loại trừ"),
    (
        "name_constraint_unsupported",
        "một ràng buộc tên không được hỗ trợ",
    ),
    ("policy_mapping_invalid", "ánh xạ chính sách không hợp lệ"),
    ("policy_missing", "không có chính sách được chấp nhận"),
    (
        "path_length_unfit",
        "đường dẫn có độ dài không chấp nhận được",
    ),
    ("no_path", "không có đường dẫn tới CA được tin cậy"),
    ("budget_spent", "tốn quá nhiều công tính toán"),
    ("crl_out_of_date", "danh sách thu hồi đã cũ"),
    ("crl_of_other_scope", "danh sách thu hồi thuộc phạm vi khác"),
    ("crl_signer_wrong", "bên ký không được ký danh sách thu hồi"),
    (
        "crl_extension_unknown",
        "danh sách thu hồi có phần mở rộng bắt buộc mà hệ thống không hiểu",
    ),
    ("revocation_unknown", "không biết đã bị thu hồi hay chưa"),
    ("revoked", "đã bị thu hồi"),
    (
        "end_entity_is_authority",
        "là chứng thư của CA, không phải của người dùng",
    ),
    ("end_entity_issued_itself", "tự cấp cho chính mình"),
    (
        "end_entity_key_usage_missing",
        "thiếu mục đích sử dụng khóa",
    ),
    ("end_entity_may_not_sign", "khóa không được dùng để ký"),
    ("end_entity_purpose_wrong", "chứng thư dành cho việc khác"),
    ("pem_malformed", "không đúng dạng văn bản PEM"),
    ("ocsp_malformed", "không phải câu trả lời OCSP"),
    (
        "ocsp_request_malformed",
        "máy chủ OCSP không đọc được câu hỏi",
    ),
    ("ocsp_internal_error", "máy chủ OCSP bị lỗi"),
    ("ocsp_try_later", "máy chủ OCSP đề nghị thử lại sau"),
    (
        "ocsp_signature_required",
        "máy chủ OCSP đòi câu hỏi có chữ ký",
    ),
    (
        "ocsp_unauthorized",
        "máy chủ OCSP không được hoặc không muốn trả lời",
    ),
    ("ocsp_type_unknown", "câu trả lời OCSP thuộc loại lạ"),
    (
        "ocsp_extension_unknown",
        "câu trả lời OCSP có phần mở rộng bắt buộc mà hệ thống không hiểu",
    ),
    (
        "ocsp_of_other_certificate",
        "câu trả lời OCSP nói về chứng thư khác",
    ),
    (
        "ocsp_ambiguous",
        "câu trả lời OCSP nói về chứng thư này nhiều lần",
    ),
    ("ocsp_responder_unknown", "thiếu chứng thư của máy chủ OCSP"),
    (
        "ocsp_responder_unauthorized",
        "máy chủ OCSP không được nói thay bên cấp",
    ),
    ("ocsp_not_yet_valid", "câu trả lời OCSP đến từ tương lai"),
    ("ocsp_out_of_date", "câu trả lời OCSP đã hết giá trị"),
    ("ocsp_too_old", "câu trả lời OCSP quá cũ"),
    ("ocsp_nonce_missing", "câu trả lời OCSP thiếu số ngẫu nhiên"),
    ("ocsp_nonce_wrong", "câu trả lời OCSP có số ngẫu nhiên khác"),
    ("cms_in_ber", "mã hóa BER; cần mã hóa DER"),
    ("cms_malformed", "không phải dữ liệu ký CMS"),
    (
        "cms_not_signed_data",
        "là loại thông điệp khác, không phải dữ liệu ký",
    ),
    (
        "cms_version_invalid",
        "phiên bản của dữ liệu ký không phù hợp",
    ),
    ("cms_signer_count", "không phải đúng một người ký"),
    (
        "cms_content_attached",
        "nội dung nằm ngay trong chữ ký; cần chữ ký tách rời",
    ),
    (
        "cms_content_not_data",
        "nội dung được ký không phải dữ liệu thường",
    ),
    (
        "cms_certificates_unfit",
        "quá nhiều chứng thư, hoặc chứng thư loại khác",
    ),
    (
        "cms_signed_attributes_missing",
        "thiếu các thuộc tính được ký",
    ),
    (
        "cms_attribute_repeated",
        "một thuộc tính được ký bị lặp hoặc không có đúng một giá trị",
    ),
    ("cms_content_type_missing", "thiếu thuộc tính content-type"),
    (
        "cms_content_type_wrong",
        "thuộc tính content-type nêu loại khác",
    ),
    (
        "cms_message_digest_missing",
        "thiếu thuộc tính message-digest",
    ),
    (
        "cms_message_digest_wrong",
        "giá trị băm là của nội dung khác",
    ),
    (
        "cms_signing_certificate_missing",
        "thiếu thuộc tính signing-certificate-v2",
    ),
    (
        "cms_signing_certificate_wrong",
        "thuộc tính signing-certificate-v2 nêu chứng thư khác",
    ),
    ("cms_digest_mismatch", "hai thuật toán băm khác nhau"),
    ("cms_signer_unknown", "thiếu chứng thư của người ký"),
    (
        "cms_signer_ambiguous",
        "nhiều chứng thư cùng khớp với người ký",
    ),
    (
        "raw_signature_malformed",
        "chữ ký có độ dài không khớp đường cong",
    ),
    (
        "identity_multi_valued",
        "định danh đứng chung với giá trị khác",
    ),
    ("identity_not_text", "định danh không phải văn bản thường"),
    ("identity_number_invalid", "số của định danh không hợp lệ"),
    ("identity_repeated", "hai định danh cùng loại"),
    ("challenge_malformed", "không phải thử thách đăng nhập"),
    (
        "challenge_nonce_unfit",
        "số ngẫu nhiên có độ dài không phù hợp",
    ),
    ("challenge_origin_invalid", "nguồn gốc không hợp lệ"),
    (
        "challenge_text_invalid",
        "một đoạn văn của thử thách không hợp lệ",
    ),
    ("challenge_way_unknown", "cách ký hoặc thuật toán lạ"),
    ("challenge_expired", "thử thách đã hết hạn"),
];

#[cfg(test)]
mod tests {
    use super::*;

    /// A rule that is added to the crate needs its Vietnamese here.
    #[test]
    fn every_rule_has_both_languages() {
        for rejection in Rejection::ALL {
            let name = rejection.reason();
            let vi = in_language(&name, Language::Vi);
            assert!(vi.is_some(), "{name}");
            assert_ne!(vi, in_language(&name, Language::En), "{name}");
        }
        assert_eq!(VIETNAMESE.len(), Rejection::ALL.len());
    }
}
