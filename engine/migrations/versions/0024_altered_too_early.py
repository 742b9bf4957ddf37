"""A flag on what was serviced while a gate on alteration was closed"""

from alembic import op

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Take the step."""
    with op.batch_alter_table("flag", schema=None) as batch_op:
        batch_op.drop_constraint(op.f("ck_flag_rule_is_known"), type_="check")
        batch_op.create_check_constraint(
            op.f("ck_flag_rule_is_known"),
            "rule IN ('held_used', 'held_installed', 'held_shipped', 'held_put_into_use',"
            " 'held_moved', 'expired_used', 'expired_shipped', 'not_usable', 'inside_another',"
            " 'before_it_was', 'over_consumed', 'over_received', 'packed_elsewhere', 'not_away',"
            " 'arrived_elsewhere', 'more_than_away', 'unknown_goods', 'unknown_place',"
            " 'does_not_fit', 'inputs_not_placed', 'destroyed_too_early', 'altered_too_early',"
            " 'not_withdrawn')",
        )


def downgrade() -> None:
    """Refuse: evidence is never taken back; restore the backup instead."""
    raise NotImplementedError
