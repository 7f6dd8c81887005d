package DBI::Gofer::Transport::Base;

use strict;
use warnings;

use Carp ();

use DBI ();
use DBI::Gofer::Request ();
use DBI::Gofer::Response ();
use DBI::Gofer::Serializer::Storable ();

our $VERSION = '0.012537';

# What each message begins with.
my $HEADER = 'GoFER1:';

for my $field (qw(trace keep_meta_frozen serializer_obj)) {
    no strict 'refs';
    *$field = sub { my $self = shift; $self->{$field} = shift if @_; return $self->{$field} };
}

sub new {
    my ( $class, $fields ) = @_;
    my $self = bless { %{ $fields || {} } }, $class;
    $self->{serializer_obj} ||= DBI::Gofer::Serializer::Storable->new;
    $self->{trace} = $self->_init_trace if !defined $self->{trace};
    return $self;
}

sub _init_trace { return $ENV{DBI_GOFER_TRACE} || 0 }

sub freeze_request { my ( $self, $request ) = @_; return _freeze( $self, $request ) }

sub freeze_response { my ( $self, $response ) = @_; return _freeze( $self, $response ) }

sub _freeze {
    my ( $self, $message ) = @_;
    DBI->trace_msg( $message->summary_as_text . "\n", 0 ) if $self->{trace};
    local $message->{meta};
    return $HEADER . $self->{serializer_obj}->serialize($message);
}

sub thaw_request { my ( $self, $frozen ) = @_; return _thaw( $self, $frozen, 'DBI::Gofer::Request' ) }

sub thaw_response { my ( $self, $frozen ) = @_; return _thaw( $self, $frozen, 'DBI::Gofer::Response' ) }

sub _thaw {
    my ( $self, $frozen, $class ) = @_;
    my $message = eval {
        local $SIG{__DIE__};
        die "it does not begin with $HEADER\n" if substr( $frozen, 0, length $HEADER ) ne $HEADER;
        $self->{serializer_obj}->deserialize( substr $frozen, length $HEADER );
    };
    if ( ref $message ne 'HASH' && ref $message ne $class ) {
        my $why = $@ ? $@ =~ s/(?: at \S+ line \d+.*)?\n\z//sr : 'it has another form';
        my $seen = DBI::neat( $frozen, 100 );
        Carp::croak("What has come is not a $class ($why): $seen");
    }
    bless $message, $class;
    DBI->trace_msg( $message->summary_as_text . "\n", 0 ) if $self->{trace};
    return $message;
}

sub trace_msg {
    my ( $self, $message, $least ) = @_;
    return ( $self->{trace} || 0 ) >= ( defined $least ? $least : 1 ) ? DBI->trace_msg( $message, 0 ) : '';
}

1;

__END__

=encoding utf8

=head1 NAME

DBI::Gofer::Transport::Base - what both ends of Gofer's transports have in common, by CPANBridge

=head1 DESCRIPTION

Part of L<DBD::Gofer>: turns requests and answers into strings and back. With C<DBI_GOFER_TRACE> in the environment each is shown
among DBI's traces.

=head1 METHODS

=head2 new

=head2 freeze_request

=head2 thaw_request

=head2 freeze_response

=head2 thaw_response

=head2 trace

=head2 trace_msg

=head2 keep_meta_frozen

=head2 serializer_obj

=cut
