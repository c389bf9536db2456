-- Who is notified. `user_value`, which returns one attribute of a user, is made from the list of attributes.

-- Whether a user has one of the wanted values of each attribute that is filtered by; `filters` is a JSON list
-- of an attribute with its values.
create macro passes(user_row, filters) as
    len(
        list_filter(
            from_json(filters, '[{"attribute": "VARCHAR", "values": ["VARCHAR"]}]'),
            lambda wanted: not list_contains(
                wanted.values, user_value(user_row, wanted.attribute)
            )
        )
    ) = 0;

-- All users who may get a push and pass the filters, in the order of a strategy, with what each is expected to bring.
create macro ranked_users(of_campaign, by_strategy, filters) as table
    select
        rankings.score_rank,
        rankings.score,
        audience.fund_probability,
        audience.expected_amount,
        audience.reasons,
        users.*,
        places.x,
        places.y,
        places.hexagon,
        row_number() over (order by rankings.score_rank) as position,
        count(*) over () as passing_users
    from strategy_rankings as rankings
    inner join users on rankings.session_id = users.session_id
    inner join push_eligibility
        on
            rankings.campaign = push_eligibility.campaign
            and rankings.session_id = push_eligibility.session_id
            and push_eligibility.reason is null
    left join user_places as places on rankings.session_id = places.session_id
    left join campaign_audience as audience
        on
            rankings.campaign = audience.campaign
            and rankings.session_id = audience.session_id
    where
        rankings.campaign = of_campaign
        and rankings.strategy = by_strategy
        and passes(users, filters);

-- Those of them that are notified: the top percent, the top users, or all whose probability is at least
-- a number of percent.
create macro notified_users(of_campaign, by_strategy, filters, size, amount) as table
    select *
    from ranked_users(of_campaign, by_strategy, filters)
    where
        case size
            when 'percent' then position <= floor(passing_users * amount / 100)
            when 'probability' then fund_probability >= amount / 100
            else position <= amount
        end;
