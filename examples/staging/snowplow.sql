-- Snowplow: enriched events, tables without a header, of which these are the first columns. Structured
-- events tell what was done to which category.
with

enriched as (
    select * from read_csv(
        'exports/snowplow/*.tsv', delim = '\t', header = false, quote = '', all_varchar = true,
        names = [
            'app_id', 'platform', 'etl_tstamp', 'collector_tstamp', 'dvce_created_tstamp', 'event',
            'event_id', 'txn_id', 'name_tracker', 'v_tracker', 'v_collector', 'v_etl', 'user_id',
            'user_ipaddress', 'user_fingerprint', 'domain_userid', 'domain_sessionidx',
            'network_userid', 'geo_country', 'geo_region', 'geo_city', 'geo_zipcode',
            'geo_latitude', 'geo_longitude', 'geo_region_name', 'ip_isp', 'ip_organization',
            'ip_domain', 'ip_netspeed', 'page_url', 'page_title', 'page_referrer',
            'page_urlscheme', 'page_urlhost', 'page_urlport', 'page_urlpath', 'page_urlquery',
            'page_urlfragment', 'refr_urlscheme', 'refr_urlhost', 'refr_urlport', 'refr_urlpath',
            'refr_urlquery', 'refr_urlfragment', 'refr_medium', 'refr_source', 'refr_term',
            'mkt_medium', 'mkt_source', 'mkt_term', 'mkt_content', 'mkt_campaign', 'contexts',
            'se_category', 'se_action', 'se_label', 'se_property', 'se_value'
        ]
    )
)

select
    'snowplow' as source_file,
    coalesce(user_id, domain_userid) as session_id,
    case se_action when 'view' then 'View Project' when 'fund' then 'Fund Project' end
        as event_name,
    dvce_created_tstamp as client_time,
    se_category as category,
    se_value as amount,
    event_id,
    platform as device,
    geo_city as city,
    geo_region as state,
    geo_zipcode as zip_code,
    geo_latitude as latitude,
    geo_longitude as longitude
from enriched
where event = 'struct' and se_action in ('view', 'fund')
