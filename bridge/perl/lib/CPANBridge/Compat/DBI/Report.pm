package CPANBridge::Compat::DBI::Report;

use strict;
use warnings;
no warnings 'once';    # DBI's variables are DBI.pm's

use Carp ();
use CPANBridge::Compat::DBI::Values;

our $VERSION = '0.1.0';

$Carp::Internal{ (__PACKAGE__) }++;

# --- errors ---------------------------------------------------------------------------------------------------------

# What set_err does to [err, errstr, state].
sub record {
    my ( $errors, $err, $errstr, $state ) = @_;
    $errstr = '' if !defined $errstr;
    if ( defined $errors->[1] ) {
        my $text = $errors->[1];
        $text .= " [err was $errors->[0] now $err]" if $errors->[0] && $err && $errors->[0] ne $err;
        $text .= " [state was $errors->[2] now $state]"
          if $errors->[2] && $state && $errors->[2] ne 'S1000' && $errors->[2] ne $state;
        $text .= "\n$errstr" if $text ne $errstr;
        $errors->[1] = $text;
    }
    else { $errors->[1] = $errstr }

    # An error outranks a warning ("0"), and a warning outranks an information ("").
    if ( $err || !defined $errors->[0] || length $err > length $errors->[0] ) {
        $errors->[0] = $err;
        $errors->[2] = $err && !$state ? 'S1000' : $state if $err || $state;
    }
    return;
}

# A method has met an error (err is true) or a warning ("0"): calls the handler, warns and dies as the attributes say.
sub failure {
    my ( $handle, $inner, $name, $show, $result, $file, $line ) = @_;
    my $errors = $inner->{_e};
    my $error  = $errors->[0] ? 1 : 0;
    my ( $raise, $print ) = $error ? @$inner{qw(RaiseError PrintError)} : @$inner{qw(RaiseWarn PrintWarn)};
    my $handler = $error || $raise ? $inner->{HandleError} : undef;
    return if !$raise && !$print && !$handler;
    my $method = delete $inner->{dbi_set_err_method};
    $name = $method if defined $method;
    my $message = join '', $inner->{ImplementorClass}, " $name ", $error ? 'failed' : 'warning', ': ',
      defined $errors->[1] ? $errors->[1] : '(err=' . CPANBridge::Compat::DBI::Values::neat( $errors->[0] ) . ', errstr=undef)';
    $message .= _statement($inner) if $show && $inner->{ShowErrorStatement};
    if ($handler) {
        return if $handler->( $message, $handle, $result->[0] );
    }
    $message .= " at $file line $line.\n" if substr( $message, -1 ) ne "\n";
    if ($print) { warn $message }
    die $message if $raise;
    return;
}

sub _statement {
    my ($inner) = @_;
    my $statement = $inner->{Statement};
    return '' if !defined $statement;
    my $text = qq( [for Statement "$statement");
    my $values = $inner->{Type} eq 'st' ? eval { $inner->FETCH('ParamValues') } : undef;
    if ( $values && %$values ) {
        my @names = sort { CPANBridge::Compat::DBI::Values::by_number_or_name( $a, $b ) } keys %$values;
        $text .= ' with ParamValues: ' . join ', ',
          map { "$_=" . CPANBridge::Compat::DBI::Values::neat( $values->{$_} ) } @names;
    }
    return "$text]";
}

# --- tracing --------------------------------------------------------------------------------------------------------

my $file;    # the handle that traces are written to; undef: standard error

sub trace_to {
    my ($where) = @_;
    return if !defined $where;
    if ( ref $where || ref \$where eq 'GLOB' ) { $file = $where; return }
    if ( $where eq 'STDERR' ) { undef $file; return }
    if ( $where eq 'STDOUT' ) { $file = \*STDOUT; return }
    if ( !open my $out, '>>', $where ) { warn "Can't open trace file $where: $!\n" }
    else {
        select( ( select($out), $| = 1 )[0] );
        $file = $out;
    }
    return;
}

sub trace_write {
    my $out = $file || \*STDERR;
    print {$out} @_;
    return;
}

sub level {
    my ($inner) = @_;
    my $own = ( $inner->{TraceLevel} || 0 ) & 0xF;
    my $all = ( $DBI::dbi_debug || 0 ) & 0xF;
    return $own > $all ? $own : $all;
}

sub trace_call {
    my ( $inner, $name, $args ) = @_;
    return if level($inner) < 2;
    trace_write( sprintf "    -> %s for %s (%s)\n", $name, ref $inner, _shown( $name, $args ) );
    return;
}

sub trace_return {
    my ( $inner, $name, $result ) = @_;
    return if level($inner) < 1;
    my $errors = $inner->{_e};
    trace_write( sprintf "    !! %s: %s\n", map { defined $_ ? $_ : 'undef' } @$errors[ 0, 1 ] ) if defined $errors->[0];
    trace_write( sprintf "    <- %s= ( %s )\n", $name, _shown( '', $result ) );
    return;
}

# A password must not stand in a file.
sub _shown {
    my ( $name, $values ) = @_;
    my @shown = map { CPANBridge::Compat::DBI::Values::neat($_) } @$values;
    $shown[2] = '****' if $name =~ /^connect/ && @shown > 2;
    return join ' ', @shown;
}

1;

__END__

=encoding utf8

=head1 NAME

CPANBridge::Compat::DBI::Report - what DBI says of errors and calls

=head1 DESCRIPTION

Used by the replacement of L<DBI>; programs have no need of it.

=head1 FUNCTIONS

=head2 record

Adds an error to an array of C<err>, C<errstr> and C<state>, as C<set_err> is documented to.

=head2 failure

Calls C<HandleError>, warns, and dies, as the handle's attributes say.

=head2 trace_to

Sets where traces are written: a file name, a file handle, C<STDERR> or C<STDOUT>.

=head2 trace_write

Writes to that place.

=head2 level

Returns the level of tracing that is in force for a handle, without the flags.

=head2 trace_call

=head2 trace_return

Write what a method was called with, and what it returned.

=cut
