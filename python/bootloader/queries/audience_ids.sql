select session_id
from notified_users($campaign, $strategy, $filters, $size, $amount)
order by position asc
