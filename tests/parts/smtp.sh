#!/bin/bash
# a real mail server (aiosmtpd) with STARTTLS and login; messages read by Python's email package
venv=$(python_venv smtp aiosmtpd==1.4.6 cryptography)
CIVIC_OS_TEST_SMTP_PYTHON="$venv/bin/python" cargo test --test it -- --ignored notifications::real
