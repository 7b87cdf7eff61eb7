"""Roof: a demo union to click through (`make run`) and the whole story told by real parts (`make demo`)."""

from pathlib import Path

import click

from union.core.settings import Settings

NOTE = "demo.json"
"""The file that says that a folder is a demo's."""
ROOT = Path(__file__).parent.parent.parent


@click.group()
def demo() -> None:
    """Run a demo union, or play the whole story from joining to debrief."""


@demo.command()
@click.option("--port", default=8000, show_default=True, help="Port on 127.0.0.1; 0 picks a free one.")
@click.option("--fresh", is_flag=True, help="Throw the demo's earlier state away first.")
@click.pass_obj
def run(settings: Settings, *, port: int, fresh: bool) -> None:
    """Migrate, seed once, start web and scheduler, print sign-in links; Ctrl-C stops all."""
    _only_a_demo(settings)
    from union.demo.running import run_all  # noqa: PLC0415 - starts slowly

    run_all(settings, port=port, fresh=fresh)


def _only_a_demo(settings: Settings) -> None:
    """Refuse where a real union could be: a demo makes up members, prints sign-in links and wipes folders."""
    if not settings.development:
        raise click.ClickException("a demo runs with UNION_ENV=development only; this is production")
    if (settings.home / "union.db").exists() and not (settings.home / NOTE).exists():
        raise click.ClickException(f"{settings.home} holds a union that no demo made; set UNION_HOME")


@demo.command()
@click.option("--members", default=300, show_default=True, help="How many join.")
@click.option(
    "--out", default=ROOT / "var/demo", type=click.Path(path_type=Path), help="Where the results go."
)
def story(*, members: int, out: Path) -> None:
    """Play the main job on fresh state: join, pledge, vote, tally, act, check in, debrief."""
    from union.demo.story import play  # noqa: PLC0415 - as above

    play(members=members, out=out)
