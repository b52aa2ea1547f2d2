"""From a configuration to a plan: inputs and lists are looked up and named."""

from pipeline import config, lists, plan, site_inputs, storage
from stages.errors import ConfigError


def make_plan(resolved: config.Resolved) -> plan.Plan:
    """Inputs looked up and named. ConfigError if there are none."""
    settings = resolved.run
    if not settings.inputs:
        raise ConfigError(
            "inputs",
            "no input given",
            "use --input FILE|FOLDER|PATTERN|LIST, or `inputs:` in the configuration",
        )
    found = storage.expand(settings.inputs, settings.base_uri)
    named = (
        settings.robots if settings.robots is not None else storage.robots_lists(settings.inputs)
    )
    robots = storage.expand(named, settings.base_uri) if named else []
    return plan.Plan(
        settings,
        settings.snapshot or storage.snapshot_of(found),
        tuple(found),
        tuple(robots),
        lists.locate(settings.gate.block_list),
        beside={
            kind: item
            for kind, setting in (
                (site_inputs.LATEST, settings.rights.robots_latest),
                (site_inputs.SIDE, settings.rights.side_files),
            )
            if (item := site_inputs.locate(kind, setting)) is not None
        },
        optouts=lists.locate(settings.rights.optout_domains, lists.OPT_OUTS),
    )
