"""SNS and SQS: topics, queues, their policies and subscriptions."""

from localcloud.kind import Call, Kind, Name

QUEUE = {
    "contentBasedDeduplication": "ContentBasedDeduplication",
    "deduplicationScope": "DeduplicationScope",
    "delaySeconds": "DelaySeconds",
    "fifoQueue": "FifoQueue",
    "fifoThroughputLimit": "FifoThroughputLimit",
    "kmsDataKeyReusePeriodSeconds": "KmsDataKeyReusePeriodSeconds",
    "kmsMasterKeyId": "KmsMasterKeyId",
    "maxMessageSize": "MaximumMessageSize",
    "messageRetentionSeconds": "MessageRetentionPeriod",
    "policy": "Policy",
    "receiveWaitTimeSeconds": "ReceiveMessageWaitTimeSeconds",
    "redriveAllowPolicy": "RedriveAllowPolicy",
    "redrivePolicy": "RedrivePolicy",
    "sqsManagedSseEnabled": "SqsManagedSseEnabled",
    "visibilityTimeoutSeconds": "VisibilityTimeout",
}
TOPIC = {
    "archivePolicy": "ArchivePolicy",
    "contentBasedDeduplication": "ContentBasedDeduplication",
    "deliveryPolicy": "DeliveryPolicy",
    "displayName": "DisplayName",
    "fifoThroughputScope": "FifoThroughputScope",
    "fifoTopic": "FifoTopic",
    "httpFailureFeedbackRoleArn": "HTTPFailureFeedbackRoleArn",
    "kmsMasterKeyId": "KmsMasterKeyId",
    "lambdaFailureFeedbackRoleArn": "LambdaFailureFeedbackRoleArn",
    "policy": "Policy",
    "signatureVersion": "SignatureVersion",
    "sqsFailureFeedbackRoleArn": "SQSFailureFeedbackRoleArn",
    "sqsSuccessFeedbackRoleArn": "SQSSuccessFeedbackRoleArn",
    "sqsSuccessFeedbackSampleRate": "SQSSuccessFeedbackSampleRate",
    "tracingConfig": "TracingConfig",
}
SUBSCRIPTION = {
    "deliveryPolicy": "DeliveryPolicy",
    "filterPolicy": "FilterPolicy",
    "filterPolicyScope": "FilterPolicyScope",
    "rawMessageDelivery": "RawMessageDelivery",
    "redrivePolicy": "RedrivePolicy",
    "replayPolicy": "ReplayPolicy",
    "subscriptionRoleArn": "SubscriptionRoleArn",
}


def _queue_part(input_: str, attribute: str) -> Kind:
    """A resource that is one attribute of a queue."""
    return Kind(
        create=Call(
            "sqs.set_queue_attributes", fixed={"QueueUrl": "{queueUrl}"}, attributes={input_: attribute}
        ),
        id="{queueUrl}",
    )


KINDS = {
    "aws:sqs/queue:Queue": Kind(
        create=Call("sqs.create_queue", renames={"name": "QueueName"}, attributes=QUEUE),
        # SQS refuses FifoQueue=false, so a standard queue must not say it.
        prepare=lambda inputs, _: {k: v for k, v in inputs.items() if k != "fifoQueue" or v},
        id="{QueueUrl}",
        outputs={"url": "{QueueUrl}", "arn": "arn:aws:sqs:{region}:{account}:{name}"},
        name=Name(limit=80),
    ),
    "aws:sqs/queuePolicy:QueuePolicy": _queue_part("policy", "Policy"),
    "aws:sqs/redrivePolicy:RedrivePolicy": _queue_part("redrivePolicy", "RedrivePolicy"),
    "aws:sqs/redriveAllowPolicy:RedriveAllowPolicy": _queue_part("redriveAllowPolicy", "RedriveAllowPolicy"),
    "aws:sns/topic:Topic": Kind(
        create=Call("sns.create_topic", attributes=TOPIC),
        prepare=lambda inputs, _: {k: v for k, v in inputs.items() if k != "fifoTopic" or v},
        id="{TopicArn}",
        outputs={"arn": "{TopicArn}", "owner": "{account}"},
        name=Name(limit=256),
    ),
    "aws:sns/topicPolicy:TopicPolicy": Kind(
        create=Call(
            "sns.set_topic_attributes",
            fixed={"TopicArn": "{arn}", "AttributeName": "Policy"},
            renames={"policy": "AttributeValue"},
        ),
        id="{arn}",
        outputs={"owner": "{account}"},
    ),
    "aws:sns/topicSubscription:TopicSubscription": Kind(
        create=Call(
            "sns.subscribe",
            fixed={"ReturnSubscriptionArn": True},
            renames={"topic": "TopicArn"},
            attributes=SUBSCRIPTION,
        ),
        id="{SubscriptionArn}",
        outputs={"arn": "{SubscriptionArn}"},
        ignored=["confirmationTimeoutInMinutes", "endpointAutoConfirms"],
    ),
}
