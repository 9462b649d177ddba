form-post-title = Đang trở về ứng dụng
form-post-lead = Trình duyệt không chạy script, nên hãy nhấn nút để trở về ứng dụng.
form-post-submit = Trở về ứng dụng
