"""The sample shop: users, items, sign-in and orders. It knows environment variables and AWS SDKs, no more."""
