"""A first conversation with a running server, by grpcio. Ends with an error where an answer is not as expected."""
import os
import sys

import grpc

import stubs  # noqa: F401  makes the modules of cdp.v1
from cdp.v1 import consents_pb2, consents_pb2_grpc, decisions_pb2, decisions_pb2_grpc, events_pb2, ingest_pb2
from cdp.v1 import ingest_pb2_grpc, outcomes_pb2, profiles_pb2, profiles_pb2_grpc

KEY = os.environ.get("CDP_KEY") or sys.exit('CDP_KEY is not set. Say: export CDP_KEY="$(cat data/operator.key)"')
SERVER = os.environ.get("CDP_URL", "http://127.0.0.1:7878").removeprefix("http://").rstrip("/")
CALL = {"metadata": [("authorization", f"Bearer {KEY}")], "timeout": 30}


def expect(condition, what):
    if not condition:
        sys.exit(f"expected {what}")


channel = grpc.insecure_channel(SERVER)
ingest = ingest_pb2_grpc.IngestStub(channel)
profiles = profiles_pb2_grpc.ProfilesStub(channel)
decisions = decisions_pb2_grpc.DecisionsStub(channel)
consents = consents_pb2_grpc.ConsentsStub(channel)

# Somebody reads the prices under a cookie, then signs in with an address. Each event has an id that its sender chooses:
# sent again, as by the next run of this program, it counts once.
cookie = events_pb2.Identifier(namespace="cookie", value="python-browser")
email = events_pb2.Identifier(namespace="email", value="python@example.com")
common = {"source": "quick-start-python", "channel": "web"}
published = ingest.PublishEvents(ingest_pb2.PublishEventsRequest(events=[
    events_pb2.Event(id="visit", type="Pricing Viewed", identifiers=[cookie], **common),
    events_pb2.Event(id="sign-in", kind=events_pb2.EVENT_KIND_IDENTIFY, identifiers=[cookie, email], **common),
]), **CALL)
expect(published.accepted == 2, f"2 events to be accepted: {published}")
print("published   2 events: a visit under a cookie, a sign-in with the cookie and an address")

# The address finds the customer who made the visit. With the token, the read waits until it sees both events.
customer = profiles_pb2.CustomerRef(identifier=email)
profile = profiles.GetProfile(profiles_pb2.GetProfileRequest(
    customer=customer, purpose="service", fields=["activity"], after_token=published.token), **CALL).profile
visits = [seen.count for seen in profile.activity.types if seen.type == "Pricing Viewed"]
expect(visits == [1], f"one visit: {profile}")
print(f"recognised  customer {profile.customer_id} by the address: Pricing Viewed, once")

# What may be offered, to whom, and where. Putting both again changes nothing but their version.
decisions.PutAction(decisions_pb2.PutActionRequest(action=decisions_pb2.Action(
    id="quick_start_trial", display_name="Try it for a month", labels=["quick_start"],
    payloads=[decisions_pb2.Payload(channel="web", key="trial-banner")],
    eligibility='events["Pricing Viewed"].count >= 1')), **CALL)
decisions.PutPlacement(decisions_pb2.PutPlacementRequest(placement=decisions_pb2.Placement(
    id="quick_start", channel="web", action_labels=["quick_start"])), **CALL)
decision = decisions.Decide(decisions_pb2.DecideRequest(
    placement="quick_start", identifiers=[cookie], purpose="service", after_token=published.token), **CALL)
offer = next((action for action in decision.ranked if action.action_id == "quick_start_trial"), None)
expect(offer, f"quick_start_trial among the offers: {decision}")
print(f"offered     {offer.action_id}, shown as {offer.payload.key}")

# What came of it is what placements learn from.
outcomes = decisions.RecordOutcomes(decisions_pb2.RecordOutcomesRequest(outcomes=[outcomes_pb2.Outcome(
    id="accepted", decision_id=decision.decision_id, action_id=offer.action_id, kind=outcomes_pb2.OUTCOME_KIND_ACCEPTED)]), **CALL)
expect(outcomes.results[0].credit == outcomes_pb2.OUTCOME_CREDIT_CREDITED, f"a credited outcome: {outcomes}")
print("outcome     accepted, and credited to the decision")

# An error says what to do. Remedy: name a declared purpose, as above, or declare this one.
try:
    profiles.GetProfile(profiles_pb2.GetProfileRequest(customer=customer, purpose="curiosity"), **CALL)
    expect(False, "a purpose that nobody declared to be refused")
except grpc.RpcError as error:
    expect(error.code() == grpc.StatusCode.INVALID_ARGUMENT, f"INVALID_ARGUMENT: {error}")
    print(f"refused     {error.code().name}: {error.details()}")

# What the customer allows is in force when the call returns. The same request_id again counts once.
recorded = consents.RecordConsent(consents_pb2.RecordConsentRequest(
    customer=customer, source="quick-start-python", said_on="web", request_id="newsletter-form",
    acts=[consents_pb2.ConsentAct(purpose="marketing", granted=True, channel="email", proof="newsletter form, 2026")]), **CALL)
marketing = next(consent for consent in recorded.consents if consent.purpose == "marketing")
expect(any(act.channel == "email" and act.allowed for act in marketing.acts), f"marketing by e-mail to be allowed: {recorded}")
print("consent     marketing by e-mail is allowed")
print("All as expected.")
