"""What is written rather than coded: plan files, roles and skills, read and checked."""
