//! Files as people save them, and files nobody meant.

use proptest::prelude::*;

use super::*;
use crate::cli::language::{Language, Said};

#[test]
fn files_are_read_however_they_were_saved() {
    let wanted = |rows: Vec<UserImportRow>| {
        assert_eq!(rows.len(), 2);
        assert_eq!(rows[0].user_name.as_deref(), Some("an.nv"));
        assert_eq!(rows[0].name, "Nguyễn Văn An");
        assert_eq!(rows[0].unit.as_deref(), Some("H42.7"));
        assert_eq!(rows[1].name, "Đặng Thị Ngọc Ánh");
        assert_eq!(rows[1].user_name, None);
    };
    for file in [
        "user_name,name,unit\nan.nv,Nguyễn Văn An,H42.7\n,Đặng Thị Ngọc Ánh,\n",
        "\u{feff}Tên đăng nhập;Họ và tên;Mã đơn vị\r\nan.nv;Nguyễn Văn An;H42.7\r\n;Đặng Thị Ngọc Ánh;\r\n",
        "TÀI KHOẢN\tHọ tên\tđơn vị\nan.nv\t\"Nguyễn Văn An\"\tH42.7\n\n\t Đặng Thị Ngọc Ánh \t\n",
        "User Name,Full-Name,Unit Code\nan.nv,Nguyễn Văn An,H42.7\n,Đặng Thị Ngọc Ánh",
    ] {
        wanted(parse(file.as_bytes()).unwrap());
    }
}

#[test]
fn lines_are_told_whatever_ends_them() {
    for end in ["\n", "\r\n", "\r"] {
        let file = ["name,kind", "An,", "", "Bình,official", ""].join(end);
        let rows = parse(file.as_bytes()).unwrap();
        let lines: Vec<u64> = rows.iter().map(|row| row.line).collect();
        assert_eq!(lines, [2, 4], "{end:?}");
    }
}

#[test]
fn what_is_wrong_with_a_file_is_told_in_both_languages() {
    let kind = "lạ".to_owned();
    for problem in [
        FileProblem::NotUtf8,
        FileProblem::Empty,
        FileProblem::UnknownColumn("x".to_owned()),
        FileProblem::RepeatedColumn("x".to_owned()),
        FileProblem::NoName,
        FileProblem::NoRows,
        FileProblem::TooManyRows,
        FileProblem::Uneven(7),
        FileProblem::UnknownKind { line: 7, kind },
    ] {
        let said = Said::from(problem.clone());
        assert_eq!(said.pick(Language::En), problem.to_string());
        assert_ne!(said.pick(Language::Vi), problem.to_string());
    }
}

#[test]
fn every_column_arrives_in_its_field() {
    let file = "name,mail,số điện thoại,CCCD,mã cán bộ,chức vụ,đơn vị,vai trò,loại tài khoản,password_hash,\
        địa chỉ,số nhà đường,xã phường,tỉnh thành phố,mã bưu chính,quốc gia\n\
        Lê An,an@tinh.example,'+84912345678,001085000001,CB-7,Chuyên viên,H42.7,van-thu | lanh-dao,Quản trị,$2b$12$x,\
        \"12 Hoa Ban, Suối Trong\",12 đường Hoa Ban,xã Suối Trong,tỉnh Minh Hà,12345,Việt Nam\n";
    let rows = parse(file.as_bytes()).unwrap();
    let row = &rows[0];
    assert_eq!(row.line, 2);
    assert_eq!(row.mail.as_deref(), Some("an@tinh.example"));
    assert_eq!(row.mobile.as_deref(), Some("+84912345678"));
    assert_eq!(row.personal_id.as_deref(), Some("001085000001"));
    assert_eq!(row.employee_code.as_deref(), Some("CB-7"));
    assert_eq!(row.title.as_deref(), Some("Chuyên viên"));
    assert_eq!(row.roles, ["van-thu", "lanh-dao"]);
    assert_eq!(row.kind, Some(AccountKind::Administrator));
    let address: Vec<_> = row.address.parts().map(|(_, text)| text).collect();
    assert_eq!(
        address,
        [
            "12 Hoa Ban, Suối Trong",
            "12 đường Hoa Ban",
            "xã Suối Trong",
            "tỉnh Minh Hà",
            "12345",
            "Việt Nam",
        ]
    );
    assert_eq!(row.password_hash.as_deref(), Some("$2b$12$x"));
}

#[test]
fn the_example_of_the_manual_is_read_whole() {
    let rows = parse(include_bytes!("../../../docs/operators/can-bo.csv")).unwrap();
    assert_eq!(rows.len(), 3);
    assert_eq!(rows[0].address.parts().count(), 4);
    assert!(
        rows.iter()
            .all(|r| r.user_name.is_some() && r.unit.is_some() && r.title.is_some())
    );
}

#[test]
fn what_is_wrong_with_a_file_is_said() {
    use FileProblem as Wrong;
    for (file, wrong) in [
        (&b""[..], Wrong::Empty),
        (b" \n\t\n", Wrong::Empty),
        (b"\xff\xfen\0a\0m\0e\0", Wrong::NotUtf8),
        (b"user_name\nan.nv\n", Wrong::NoName),
        (
            b"name,nmae\nAn,x\n",
            Wrong::UnknownColumn("nmae".to_owned()),
        ),
        (
            b"name,full name\nAn,x\n",
            Wrong::RepeatedColumn("full name".to_owned()),
        ),
        (b"name,mail\n", Wrong::NoRows),
        (b"name\nAn,B\n", Wrong::Uneven(2)),
        (
            b"name,kind\nAn,king\n",
            Wrong::UnknownKind {
                line: 2,
                kind: "king".to_owned(),
            },
        ),
    ] {
        assert_eq!(parse(file), Err(wrong), "{}", String::from_utf8_lossy(file));
    }
}

#[test]
fn lines_are_counted_as_editors_show_them() {
    let lines = |file: &str| -> Vec<u64> {
        let rows = parse(file.as_bytes()).unwrap();
        rows.iter().map(|row| row.line).collect()
    };
    let file = "name,title\nAn,\"two\nlines\"\n\nBinh,x\nChi,y";
    assert_eq!(lines(file), [2, 5, 6]);
    assert_eq!(lines(&file.replace('\n', "\r\n")), [2, 5, 6]);
}

#[test]
fn the_number_of_rows_is_bounded() {
    let file = format!("name\n{}", "An\n".repeat(MAX_ROWS + 1));
    assert_eq!(parse(file.as_bytes()), Err(FileProblem::TooManyRows));
}

proptest! {
    #[test]
    fn no_bytes_break_the_reader(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        let _judged = parse(&bytes);
    }

    #[test]
    fn no_rows_break_the_reader(rows in "([a-z;,\t\"'=|\n\r]|ộ){0,200}") {
        let file = format!("name,mail,roles,kind\n{rows}");
        if let Ok(rows) = parse(file.as_bytes()) {
            prop_assert!(rows.iter().all(|row| row.line > 1));
        }
    }
}
