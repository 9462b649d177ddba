position-title = Chọn vị trí công tác
position-lead = { $application } cần biết bạn làm việc với vị trí nào.
position-legend = Vị trí công tác của bạn
position-submit = Tiếp tục
