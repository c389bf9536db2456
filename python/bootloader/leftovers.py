"""Finds what an earlier version left in the warehouse: JSON in, JSON out."""

import json

# What version 0.1.0 made in its one schema, and later ones make elsewhere or not at all.
_TABLES_OF_0_1_0 = {
    "attribute_network", "built_tables", "campaign_probabilities", "campaign_references",
    "fund_network", "fund_scores", "funder_directions", "funder_similarities", "holdout_scores",
    "included_batches", "judged_records", "malformed_lines", "published_column_values",
    "read_files", "recommended_segments", "repeated_records", "segment_counts", "segment_lifts",
    "snapshot_user_embeddings", "strategy_intervals", "touched_users", "user_category_features",
    "withdrawn_records",
}  # fmt: skip
_VIEWS_OF_0_1_0 = {
    "attribute_training_rows", "audience_factors", "best_funder_similarities", "category_actions",
    "fund_examples", "fund_snapshots", "fund_training_examples", "segment_members",
    "snapshot_attribute_embeddings", "snapshot_events", "snapshots", "user_histories",
    "user_profiles",
}  # fmt: skip
# Nobody else calls tables like these: where they are, version 0.1.0 was.
_ONLY_OURS = {"judged_records", "included_batches"}


def note_leftovers(question: str) -> str:
    """Say what can be dropped.

    Tables of other names are somebody's own and never mentioned.

    Args:
        question: ``relations`` (what the warehouse holds, each with ``schema``, ``name`` and
            ``kind``), ``schema`` (the target's) and ``made`` (what models make in it).

    Returns:
        ``{"message": ...}``, or ``{}`` where nothing is left.
    """
    asked = json.loads(question)
    held = {
        (relation["kind"], relation["name"])
        for relation in asked["relations"]
        if relation["schema"] == asked["schema"] and relation["name"] not in asked["made"]
    }
    if not {("table", name) for name in _ONLY_OURS} <= held:
        return "{}"
    former = {("table", name) for name in _TABLES_OF_0_1_0}
    former |= {("view", name) for name in _VIEWS_OF_0_1_0}
    drops = [f'drop {kind} "{asked["schema"]}"."{name}";' for kind, name in sorted(former & held)]
    return json.dumps(
        {
            "message": f"Version 0.1.0 left {len(drops)} tables and views in the schema "
            f"'{asked['schema']}' that nothing reads. To drop them: {' '.join(drops)}"
        }
    )
