"""Every document that a process sends to a collector is an ExportTraceServiceRequest to OpenTelemetry's own definitions, without an unknown field."""
import json
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "chaos"))
import world  # noqa: E402
from stand_ins import Mail, Quiet, Service  # noqa: E402
from google.protobuf import json_format  # noqa: E402
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest  # noqa: E402
from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status  # noqa: E402

bodies = []


class Collector(Quiet):
    def do_POST(self):
        bodies.append((self.path, self.headers["Content-Type"], self.rfile.read(int(self.headers["Content-Length"]))))
        self.reply(200, {})


def main():
    place, collector = world.World(), Service(Collector)
    mail = Mail()
    try:
        process = place.serve("api,worker", **{
            "OTEL_EXPORTER_OTLP_ENDPOINT": f"http://127.0.0.1:{collector.port}", "OTEL_SERVICE_NAME": "town", "CIVIC_OS_NOTIFICATIONS__SMTP_HOST": "127.0.0.1",
            "CIVIC_OS_NOTIFICATIONS__SMTP_PORT": mail.port, "CIVIC_OS_NOTIFICATIONS__SMTP_SECURITY": "none", "CIVIC_OS_NOTIFICATIONS__SMTP_FROM": "a@b.example"})
        headers = {"Authorization": f"Bearer {world.token()}", "Content-Type": "application/json"}
        assert world.get(process.port, "/api/notes", headers)[0] == 200
        assert world.get(process.port, "/api/notes?id=eq.nonsense", headers)[0] == 400
        place.primary.sql("create function public.tell() returns bigint language sql volatile security definer as $$ select create_notification("
                          f"'{world.PERSON}', 'news', 'things', '7', '{{\"title\": \"x\"}}', '{{email}}') $$; grant execute on function public.tell() to authenticated; notify pgrst")
        world.until(lambda: world.get(process.port, "/api/rpc/tell", headers, "POST", "{}")[0] == 200, "a notification")
        world.until(lambda: mail.delivered, "the mail")
        assert process.stop() == 0
    finally:
        place.close()
    spans = []
    for path, content_type, body in bodies:
        assert (path, content_type) == ("/v1/traces", "application/json"), (path, content_type)
        # Ids are hexadecimal in OTLP, base64 in Protocol Buffers' own JSON: read as such they are half as long again, and must be there.
        request = json_format.Parse(body, ExportTraceServiceRequest())
        for resource in request.resource_spans:
            names = {attribute.key: attribute.value for attribute in resource.resource.attributes}
            assert names["service.name"].string_value == "town", names
            spans += [span for scope in resource.scope_spans for span in scope.spans]
    assert all(span.end_time_unix_nano >= span.start_time_unix_nano > 0 for span in spans)
    by_kind = {kind: [span for span in spans if span.kind == kind] for kind in (Span.SPAN_KIND_SERVER, Span.SPAN_KIND_CLIENT, Span.SPAN_KIND_CONSUMER)}
    assert all(by_kind.values()), {kind: len(found) for kind, found in by_kind.items()}
    failed = [span for span in spans if span.status.code == Status.STATUS_CODE_ERROR]
    assert any(span.status.message == "SQLSTATE 22P02" for span in failed), [span.status.message for span in failed]
    told = [span for span in by_kind[Span.SPAN_KIND_SERVER] if span.name == "POST /api/rpc/tell"][-1]
    family = [span.name for span in spans if span.trace_id == told.trace_id]
    assert "job send_notification" in family and family.count("SQL") > 2, family
    ids = {json.loads(body)["resourceSpans"][0]["scopeSpans"][0]["spans"][0]["traceId"] for _, _, body in bodies}
    assert all(len(identity) == 32 and int(identity, 16) for identity in ids), ids
    print(f"{len(spans)} steps in {len(bodies)} documents; of one request: {', '.join(family)}")
    print("otlp: 1 passed, 0 failed, 0 skipped")


main()
