"""What somebody else does in the middle of a job, as a table: the ground moves, a person stops, a colleague edits rows.

A row says where it happens, what, and what must come of it; leads that it does not name end as WORLDS says. It happens
once, right before the call number `skip` of that endpoint.
"""

from typing import NamedTuple

from matrix import ADD, CAMPAIGN, DELETE, LIST, released

MOVED = ("lead_moved", {"campaign": "Operations"})
UNSUBSCRIBED, REPLIED = ("stop", {"event": "unsubscribed"}), ("stop", {"event": "replied"})


class Other(NamedTuple):
    """rules: (fault, params), a campaign by its name. end: of the leads that it is about. settled: how their claims may
    end beside added and adopted. changed: their rows in Instantly are no longer what the ledger says, and need not be."""

    name: str
    world: str
    endpoint: str
    skip: int
    rules: tuple
    codes: tuple = (0,)
    types: tuple = ()
    end: dict = {}
    settled: tuple = ()
    changed: tuple = ()
    remedy: str = ""
    before: tuple = ()
    peace: tuple = (0,)

    @property
    def id(self):
        return f"{self.world}.{self.name}"


def about(who, *rules):
    """The same rules, about this person."""
    return tuple((kind, {"email": f"{who}@example.com", **params}) for kind, params in rules)


def exports(world, at):
    """Any export whose second batch goes out as call `at` of leads/add, with L4 in it."""
    return [
        Other("blocked", world, ADD, at, about("p4", ("blocked", {})), (3,), (), {"L4": "skipped"},
              (("skipped", "blocklisted"),)),
        Other("added-by-hand", world, ADD, at, about("p4", ("lead_added", {"campaign": "Founders"})), end={"L4": "adopted"}),
        Other("added-elsewhere", world, ADD, at, about("p4", ("lead_added", {"campaign": "Operations"})), (3,), (),
              {"L4": "found_elsewhere"}, (("found_elsewhere", "other_campaign"),)),
        Other("paused-meanwhile", world, ADD, at, (("campaign_status", {"campaign": "Founders"}),)),
        Other("plan-full", world, ADD, at, (("plan_full", {"left": 1}),), (3,), (), {}, released("plan_full", "never_sent")),
        Other("unpaid", world, ADD, at, (("unpaid", {}),), (4,), ("plan_refused",), {}, released("plan_refused", "never_sent")),
        Other("key-revoked", world, ADD, at, (("revoke_key", {}),), (4,), ("key_refused",), {},
              released("key_refused", "never_sent")),
        Other("key-revoked-after", world, ADD, at, (("revoke_key_after", {}),), (4,), ("key_refused",), {},
              released("key_refused", "never_sent")),
        Other("lagging-list", world, ADD, at, (("list_lag", {"s": 60}), ("reset_after", {})), (5,)),
        Other("lead-deleted", world, ADD, at, about("p0", ("lead_deleted", {})), changed=("L0",)),
        Other("lead-moved", world, ADD, at, about("p0", MOVED), changed=("L0",)),
        Other("stopped", world, ADD, at, about("p0", UNSUBSCRIBED)),
    ]


OTHERS = [
    *exports("export", 2),
    *exports("crashed-export", 0),
    Other("paused", "export", CAMPAIGN, 0, (("campaign_status", {"campaign": "Founders"}),), (3,)),
    Other("unhealthy", "export", CAMPAIGN, 0, (("campaign_status", {"campaign": "Founders", "status": -1}),), (3,),
          ("campaign_not_fed",)),
    Other("key-revoked", "recover", LIST, 0, (("revoke_key", {}),), (4,), ("key_refused",)),
    Other("unpaid", "recover", LIST, 1, (("unpaid", {}),), (4,), ("plan_refused",)),
    Other("stopped", "recover", LIST, 0, about("p2", UNSUBSCRIBED), end={"L2": "finished"}),
    Other("lead-deleted", "sync", LIST, 0, about("p5", ("lead_deleted", {})), changed=("L5",)),
    Other("lead-moved", "sync", LIST, 0, about("p5", MOVED), changed=("L5",)),
    Other("lead-added", "sync", LIST, 0, about("stranger", ("lead_added", {"campaign": "Founders"}))),
    Other("unsubscribed", "sync", LIST, 0, about("p5", UNSUBSCRIBED), end={"L5": "finished"}),
    Other("replied", "sync", LIST, 3, about("p5", REPLIED), end={"L5": "finished"}),
    Other("blocked", "sync", LIST, 1, about("p5", ("blocked", {}))),
    Other("key-revoked", "sync", LIST, 2, (("revoke_key", {}),), (4,), ("key_refused",)),
    Other("unpaid", "sync", LIST, 0, (("unpaid", {}),), (4,), ("plan_refused",)),
    Other("paused", "sync", LIST, 0, (("campaign_status", {"campaign": "Founders"}),)),
    Other("replied", "complete", LIST, 0, about("p4", REPLIED), (3,), end={"L4": "finished"}, before=("sync",)),
    Other("blocked", "complete", LIST, 0, about("p4", ("blocked", {}))),
    Other("lead-deleted", "complete", LIST, 0, about("p4", ("lead_deleted", {}))),
    Other("lead-deleted-late", "complete", DELETE, 0, about("p4", ("lead_deleted", {}))),
    Other("lead-moved", "complete", LIST, 0, about("p4", MOVED), (3,), end={"L4": "finished"}, changed=("L4",),
          peace=(3,)),  # it stays to be removed, until somebody says what is to become of it
    Other("key-revoked", "complete", DELETE, 1, (("revoke_key", {}),), (4,), ("key_refused",)),
    Other("unpaid", "complete", DELETE, 2, (("unpaid", {}),), (4,), ("plan_refused",)),
    Other("unpaid-after-a-crash", "crashed-complete", DELETE, 0, (("unpaid", {}),), (4,), ("plan_refused",)),
]
