//! What both daemons share: client, watches, telemetry, admin endpoints.
