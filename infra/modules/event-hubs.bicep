@description('Name of the namespace.')
param name string

@description('Azure region.')
param location string

@description('Tags of the resource.')
param tags object

@description('Partitions of the hub.')
param partitions int

@description('Hours that events are kept.')
param retentionHours int

@description('Throughput units to start with.')
param throughputUnits int

@description('Throughput units to inflate to.')
param maxThroughputUnits int

@description('Principal of the silos, which send and receive.')
param siloPrincipalId string

@description('Log Analytics workspace that gets the metrics of the namespace.')
param workspaceId string

@description('Action group that alerts go to.')
param actionGroupId string

// Data Sender and Data Receiver.
var roles = ['2b629674-e913-4c01-ae53-ef4638d8f975', 'a638d3c7-ab3a-418d-83e6-5f17a39d4fde']

// Standard: Basic keeps a day and has no consumer group of its own; Premium and Dedicated cost a fixed sum whatever comes in.
resource namespace 'Microsoft.EventHub/namespaces@2024-01-01' = {
  name: name
  location: location
  tags: tags
  sku: {
    name: 'Standard'
    tier: 'Standard'
    capacity: throughputUnits
  }
  properties: {
    disableLocalAuth: true
    minimumTlsVersion: '1.2'
    isAutoInflateEnabled: true
    maximumThroughputUnits: maxThroughputUnits
  }

  resource hub 'eventhubs' = {
    name: 'events'
    properties: {
      partitionCount: partitions
      retentionDescription: {
        cleanupPolicy: 'Delete'
        retentionTimeInHours: retentionHours
      }
    }

    resource consumerGroup 'consumergroups' = {
      name: 'cdp'
    }
  }
}

resource assignments 'Microsoft.Authorization/roleAssignments@2022-04-01' = [
  for role in roles: {
    scope: namespace::hub
    name: guid(namespace::hub.id, siloPrincipalId, role)
    properties: {
      roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', role)
      principalId: siloPrincipalId
      principalType: 'ServicePrincipal'
    }
  }
]

resource metrics 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = {
  scope: namespace
  name: 'metrics'
  properties: {
    workspaceId: workspaceId
    metrics: [
      {
        category: 'AllMetrics'
        enabled: true
      }
    ]
  }
}

module throttled 'metric-alert.bicep' = {
  params: {
    name: 'event-hubs-throttled'
    summary: 'Event Hubs refuses requests: senders wait. Raise the throughput units.'
    tags: tags
    resourceId: namespace.id
    metricNamespace: 'Microsoft.EventHub/namespaces'
    metricName: 'ThrottledRequests'
    timeAggregation: 'Total'
    operator: 'GreaterThan'
    threshold: 0
    severity: 2
    actionGroupId: actionGroupId
  }
}

// The silos read every event once. Comparing two metrics takes a query; three windows in a row, since some events lie between both.
resource lag 'Microsoft.Insights/scheduledQueryRules@2023-12-01' = {
  name: 'event-hubs-lag'
  location: location
  tags: tags
  properties: {
    displayName: 'event-hubs-lag'
    description: 'Fewer events go out of Event Hubs than come in: customers fall behind, and what lies longer than the retention is lost.'
    severity: 1
    enabled: true
    scopes: [workspaceId]
    evaluationFrequency: 'PT5M'
    windowSize: 'PT15M'
    autoMitigate: true
    criteria: {
      allOf: [
        {
          query: '''
            AzureMetrics
            | where ResourceProvider == "MICROSOFT.EVENTHUB" and MetricName in ("IncomingMessages", "OutgoingMessages")
            | summarize Incoming = sumif(Total, MetricName == "IncomingMessages"), Outgoing = sumif(Total, MetricName == "OutgoingMessages")
            | where Outgoing < Incoming * 0.9
          '''
          timeAggregation: 'Count'
          operator: 'GreaterThan'
          threshold: 0
          failingPeriods: {
            numberOfEvaluationPeriods: 3
            minFailingPeriodsToAlert: 3
          }
        }
      ]
    }
    actions: {
      actionGroups: [actionGroupId]
    }
  }
  dependsOn: [metrics]
}

output host string = '${namespace.name}.servicebus.windows.net'
output hub string = namespace::hub.name
output consumerGroup string = namespace::hub::consumerGroup.name
