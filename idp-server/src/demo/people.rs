//! The invented province: its units, its roles, its people. Nobody here exists.

/// A unit: its code, the code of the one above, its names.
pub(super) struct DemoUnit {
    pub(super) code: &'static str,
    pub(super) parent: Option<&'static str>,
    pub(super) vi: &'static str,
    pub(super) en: &'static str,
}

/// A role that applications know.
pub(super) struct DemoRole {
    pub(super) name: &'static str,
    pub(super) vi: &'static str,
    pub(super) en: &'static str,
}

/// Somebody: the first position is the main one.
pub(super) struct DemoPerson {
    pub(super) user_name: &'static str,
    pub(super) name: &'static str,
    pub(super) personal_id: Option<&'static str>,
    pub(super) administrator: bool,
    pub(super) positions: &'static [(&'static str, &'static str)],
    pub(super) roles: &'static [(&'static str, Option<&'static str>)],
    /// House number and street, then the commune; everybody lives in the invented province.
    pub(super) address: Option<(&'static str, &'static str)>,
}

/// The province's name.
pub(super) const PROVINCE: (&str, &str) = ("Tỉnh Hoa Ban", "Hoa Ban Province");

pub(super) const UNITS: [DemoUnit; 8] = [
    unit(
        "H99",
        None,
        "UBND tỉnh Hoa Ban",
        "Hoa Ban People's Committee",
    ),
    unit(
        "H99.01",
        Some("H99"),
        "Văn phòng UBND tỉnh",
        "Office of the People's Committee",
    ),
    unit(
        "H99.02",
        Some("H99"),
        "Sở Nội vụ",
        "Department of Home Affairs",
    ),
    unit(
        "H99.02.01",
        Some("H99.02"),
        "Phòng Công chức, viên chức",
        "Civil Servants Division",
    ),
    unit(
        "H99.02.02",
        Some("H99.02"),
        "Phòng Cải cách hành chính",
        "Administrative Reform Division",
    ),
    unit(
        "H99.03",
        Some("H99"),
        "Sở Khoa học và Công nghệ",
        "Department of Science and Technology",
    ),
    unit(
        "H99.03.01",
        Some("H99.03"),
        "Trung tâm Chuyển đổi số",
        "Digital Transformation Centre",
    ),
    unit(
        "H99.20",
        Some("H99"),
        "UBND xã Suối Trong",
        "Suối Trong Commune",
    ),
];

pub(super) const ROLES: [DemoRole; 3] = [
    role("van-thu", "Văn thư", "Records clerk"),
    role("phe-duyet", "Phê duyệt văn bản", "Approver"),
    role("mot-cua", "Cán bộ một cửa", "One-stop desk officer"),
];

pub(super) const PEOPLE: [DemoPerson; 6] = [
    DemoPerson {
        user_name: "an.nv",
        name: "Nguyễn Văn An",
        personal_id: Some("001085000001"),
        administrator: false,
        positions: &[
            ("H99.02.01", "Chuyên viên"),
            ("H99.01", "Thư ký tổ công tác"),
        ],
        roles: &[("van-thu", Some("H99.02")), ("mot-cua", None)],
        address: Some(("12 đường Hoa Ban", "Phường Suối Trong")),
    },
    DemoPerson {
        user_name: "anh.dtn",
        name: "Đặng Thị Ngọc Ánh",
        personal_id: Some("001190000002"),
        administrator: false,
        positions: &[("H99.02.01", "Trưởng phòng")],
        roles: &[("phe-duyet", Some("H99.02.01"))],
        address: Some(("7 ngõ 3 đường Mường Lay", "Phường Suối Trong")),
    },
    DemoPerson {
        user_name: "nguyen.yn",
        name: "Y Nguyên Niê",
        personal_id: None,
        administrator: false,
        positions: &[
            ("H99.20", "Công chức văn phòng"),
            ("H99.03.01", "Thành viên tổ công nghệ số"),
            ("H99.01", "Biệt phái"),
        ],
        roles: &[("mot-cua", Some("H99.20"))],
        address: Some(("Bản Nà Tâu", "Xã Nà Tâu")),
    },
    DemoPerson {
        user_name: "broi",
        name: "K'Brôi",
        personal_id: None,
        administrator: false,
        positions: &[("H99.03.01", "Kỹ sư")],
        roles: &[],
        address: None,
    },
    DemoPerson {
        user_name: "binh.tt",
        name: "Trần Thái Bình",
        personal_id: None,
        administrator: false,
        positions: &[("H99.02", "Chánh văn phòng Sở")],
        roles: &[("unit-administrator", Some("H99.02"))],
        address: Some(("45 đường Đồi Sim", "Phường Đồi Sim")),
    },
    DemoPerson {
        user_name: "quantri",
        name: "Lê Thị Quản Trị",
        personal_id: None,
        administrator: true,
        positions: &[("H99.03.01", "Quản trị hệ thống")],
        roles: &[("province-administrator", None)],
        address: None,
    },
];

const fn unit(
    code: &'static str,
    parent: Option<&'static str>,
    vi: &'static str,
    en: &'static str,
) -> DemoUnit {
    DemoUnit {
        code,
        parent,
        vi,
        en,
    }
}

const fn role(name: &'static str, vi: &'static str, en: &'static str) -> DemoRole {
    DemoRole { name, vi, en }
}
