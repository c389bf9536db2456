"""The attributes of a user that the fund network learns from and segments are cut by.

The macro `user_attributes` is the same list for SQL; a test holds the two together.
"""

# By column, with the label that the app shows. The order is that of the network's inputs.
USER_ATTRIBUTES: dict[str, str] = {
    "age": "Age",
    "gender_cleaned": "Gender",
    "marital_status": "Marital status",
    "device": "Device",
    "state": "State",
}
