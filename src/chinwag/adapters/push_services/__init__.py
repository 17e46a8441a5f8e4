"""`PushService` for browsers (Web Push), Firebase Cloud Messaging and the Apple Push Notification service."""
