form-post-title = Going back to the application
form-post-lead = Your browser runs no script, so press the button to go back to the application.
form-post-submit = Go back to the application
