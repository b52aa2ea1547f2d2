"""From a configuration to a plan: inputs and lists are looked up and named."""

from collections.abc import Sequence
from dataclasses import replace

from pipeline import config, inputs, lists, plan, robots_index, selection, site_inputs, storage
from pipeline.storage import Input
from stages.errors import ConfigError


def make_plan(resolved: config.Resolved) -> plan.Plan:
    """Inputs looked up and named. ConfigError if there are none."""
    settings = resolved.run
    if settings.source == "cc-index":
        return _of_index(settings)
    if not settings.inputs:
        raise ConfigError(
            "inputs",
            "no input given",
            "use --input FILE|FOLDER|PATTERN|LIST, or `inputs:` in the configuration",
        )
    found = inputs.expand(settings.inputs, settings.base_uri)
    named = settings.robots if settings.robots is not None else inputs.robots_lists(settings.inputs)
    return _plan(settings, settings.snapshot or inputs.snapshot_of(found), found, named)


def _of_index(settings: config.Run) -> plan.Plan:
    """A plan whose shards are the index's files; the WARC files are known once those are read."""
    found, root = selection.files(settings), selection.root(settings)
    crawl = settings.cc_index and settings.cc_index.crawl
    named = settings.robots
    by_index = robots_index.files(settings)
    if named is None and by_index:
        named = ()
    elif named is None:
        beside = f"{root}/crawl-data/{crawl}/robotstxt.paths.gz"
        named = () if storage.identity(beside) == "missing" else (beside,)
    planned = _plan(settings, settings.snapshot or str(crawl), found, named)
    return replace(planned, guide=plan.Guide(root, selection.digest(settings), by_index))


def _plan(
    settings: config.Run, snapshot: str, found: Sequence[Input], named: Sequence[str]
) -> plan.Plan:
    robots = inputs.expand(named, settings.base_uri) if named else []
    return plan.Plan(
        settings,
        snapshot,
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
