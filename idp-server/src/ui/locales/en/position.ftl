position-title = Choose your position
position-lead = { $application } needs to know in which position you are working.
position-legend = Your positions
position-submit = Continue
