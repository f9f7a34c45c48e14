#!/bin/bash
# a real mail server (aiosmtpd): STARTTLS, TLS, login, refusals, greylisting, drops; messages read by Python's email, signatures by dkimpy
venv=$(python_venv smtp aiosmtpd==1.4.6 cryptography dkimpy==1.1.8)
CIVIC_OS_TEST_SMTP_PYTHON="$venv/bin/python" cargo test --locked --test it -- --ignored notifications::real
