//! TLS to PostgreSQL with the meaning of libpq's `sslmode`.
