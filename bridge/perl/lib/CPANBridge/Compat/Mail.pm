package CPANBridge::Compat::Mail;

use 5.014;
use strict;
use warnings;

use Carp ();

our $VERSION = '0.1.0';

$Carp::Internal{ (__PACKAGE__) }++;

my @DAYS   = qw(Sun Mon Tue Wed Thu Fri Sat);
my @MONTHS = qw(Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec);

# The date of a message, in local time with its distance from UTC.
sub date {
    my ($time) = @_;
    my @local = localtime $time;
    my @utc   = gmtime $time;
    my $minutes = ( $local[2] - $utc[2] ) * 60 + $local[1] - $utc[1];
    my $days = $local[5] <=> $utc[5] || $local[7] <=> $utc[7];
    $minutes += $days * 24 * 60;
    my $sign = $minutes < 0 ? '-' : '+';
    $minutes = abs $minutes;
    return sprintf '%s, %d %s %d %02d:%02d:%02d %s%02d%02d', $DAYS[ $local[6] ], $local[3], $MONTHS[ $local[4] ],
      $local[5] + 1900, @local[ 2, 1, 0 ], $sign, int $minutes / 60, $minutes % 60;
}

my $ATOM   = qr/[^\s()<>@,;:\\".\[\]]+/;
my $QUOTED = qr/"(?:[^"\\]|\\.)*"/;
my $DOMAIN = qr/(?:$ATOM(?:\.$ATOM)*|\[[^\[\]]*\])/;
my $PLAIN  = qr/(?:$ATOM|$QUOTED)(?:\.(?:$ATOM|$QUOTED))*(?:\@$DOMAIN)?/;

# The addresses of a header field's text: as pairs of the whole and the bare address.
sub addresses {
    my ($text) = @_;
    my @found;
    for ($text) {
        pos = 0;
        while (1) {
            /\G[\s,]+/gc;
            last if ( pos || 0 ) == length;
            if (/\G((?:(?:$QUOTED|[^\s()<>,;:"]+)\s*)*)<\s*($PLAIN)\s*>/gc) {
                my ( $phrase, $address ) = ( $1, $2 );
                $phrase =~ s/\s+\z//;
                push @found, [ length $phrase ? "$phrase <$address>" : $address, $address ];
            }
            elsif (/\G($PLAIN)/gc) { push @found, [ $1, $1 ] }
            if ( !/\G\s*(?:,|\z)/gc ) {
                my $rest = substr $_, pos || 0;
                Carp::croak("can't extract address at <$rest> in <$text>");
            }
        }
    }
    return @found;
}

# Pipes text into a program: an array of its words, or a string for the shell. Returns whether the program was content.
sub pipe_into {
    my ( $command, $write ) = @_;
    my $name = ref $command ? $command->[0] : $command;
    local $SIG{PIPE} = 'IGNORE';    # a program that ends early is told by its status
    my $out;
    {
        no warnings 'exec';
        ( ref $command ? open( $out, '|-', @$command ) : open( $out, "| $command" ) ) or Carp::croak("can't exec $name: $!");
    }
    $write->($out);
    return close $out;
}

my @CONNECTING = qw(Hello LocalAddr LocalPort Timeout Port ExactAddresses Debug SSL);
my @MAILING    = qw(Size Return Bits Transaction Envelope);

# Hands a message over to a server. Takes its name, the options, the addresses and a sub that gets an object to print to.
sub by_smtp {
    my ( $host, $options, $from, $to, $write ) = @_;
    require Net::SMTP;
    my %connecting = map { defined $options->{$_} ? ( $_ => $options->{$_} ) : () } @CONNECTING;
    my $smtp = Net::SMTP->new( defined $host ? $host : (), %connecting )
      or Carp::croak( 'SMTP Failed to connect to mail server: ' . ( $@ || $! ) );
    if ( defined $options->{AuthUser} && defined $options->{AuthPass} && !$options->{NoAuth} ) {
        $smtp->supports( 'AUTH', 500, ['Command unknown: AUTH'] )
          or Carp::croak('SMTP auth() command not supported on this server');
        $smtp->auth( @$options{ 'AuthUser', 'AuthPass' } ) or _failed( $smtp, 'auth' );
    }
    my %mailing = map { defined $options->{$_} ? ( $_ => $options->{$_} ) : () } @MAILING;
    $smtp->mail( $from, %mailing ? %mailing : () ) or _failed( $smtp, 'mail' );
    $smtp->recipient( @$to, $options->{SkipBad} ? { SkipBad => 1 } : () ) or _failed( $smtp, 'recipient' );
    $smtp->data or _failed( $smtp, 'data' );
    $write->( bless \$smtp, 'CPANBridge::Compat::Mail::Data' );
    $smtp->dataend or _failed( $smtp, 'dataend' );
    $smtp->quit;
    return 1;
}

sub _failed {
    my ( $smtp, $command ) = @_;
    my $said = join ' ', $smtp->code, $smtp->message;
    chomp $said;
    Carp::croak("SMTP $command() command failed: $said");
}

{
    package CPANBridge::Compat::Mail::Data;

    sub print {
        my $self = shift;
        $$self->datasend( join '', @_ ) or CPANBridge::Compat::Mail::_failed( $$self, 'datasend' );
        return 1;
    }
}

1;

__END__

=encoding utf8

=head1 NAME

CPANBridge::Compat::Mail - dates, addresses and delivery for the replacement of MIME::Lite

=head1 DESCRIPTION

Used by L<MIME::Lite>'s replacement; programs have no need of it. What fails is told by C<croak>.

=head1 FUNCTIONS

=head2 date

    my $text = date(time);

What a message's field C<Date> holds.

=head2 addresses

    my @pairs = addresses('"Me, Jr." <me@myhost.com>, you@yourhost.com');

The addresses in a text, each as C<[$whole, $bare]>.

=head2 pipe_into

    pipe_into( [ '/usr/lib/sendmail', '-t' ], sub { my $handle = shift; ... } );

Starts a program, lets the sub write to it, and returns whether it ended with status 0.

=head2 by_smtp

    by_smtp( $host, \%options, $from, \@to, sub { my $out = shift; $out->print($text) } );

Sends by L<Net::SMTP>.

=head2 print

What the sub calls.

=cut
